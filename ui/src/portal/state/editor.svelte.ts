import type { ApiProblem } from '../../contract';
import { problemOf } from '../problem';

/** One value that somebody wants to change. */
export interface Edit<Seen, Change> {
  /** What it is called. */
  label: string;
  /** The new value in words. */
  mine: string;
  /** The value as it stands, in words. */
  read: (seen: Seen) => string;
  /** The change, made to whatever stands there now: parts that others changed stay theirs. */
  make: (seen: Seen) => Change;
}

/** Two people changed the same value. */
export interface Conflict<Seen, Change> {
  edit: Edit<Seen, Change>;
  /** What the other one made of it, in words. */
  theirs: string;
  /** Who, where the server says so. */
  by: string | undefined;
  now: Seen;
}

/** Where things come from and go to. */
export interface Store<Seen, Change> {
  load: () => Promise<Seen>;
  write: (seen: Seen, change: Change) => Promise<Seen>;
  /** Takes in what stands there now. */
  take: (now: Seen) => void;
}

/** Writes values that others may write too. Nobody's value is overwritten without being shown first. */
export class Editor<Seen, Change> {
  conflict = $state.raw<Conflict<Seen, Change>>();
  problem = $state.raw<ApiProblem>();
  /** What to do again once the problem's question is answered. */
  #last: { seen: Seen; edit: Edit<Seen, Change> } | undefined;
  readonly #store: Store<Seen, Change>;

  constructor(store: Store<Seen, Change>) {
    this.#store = store;
  }

  /** Whether it is written now. If not, `conflict` or `problem` says why. */
  async save(seen: Seen, edit: Edit<Seen, Change>): Promise<boolean> {
    this.conflict = undefined;
    this.problem = undefined;
    this.#last = { seen, edit };
    try {
      this.#store.take(await this.#store.write(seen, edit.make(seen)));
      return true;
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem.code === 'conflict') return this.#compare(seen, edit, problem);
      this.problem = problem;
      return false;
    }
  }

  /** Writes our value over theirs, which was shown. */
  async useMine(): Promise<boolean> {
    const conflict = this.conflict;
    return conflict ? this.save(conflict.now, conflict.edit) : false;
  }

  /** Leaves theirs. */
  keepTheirs(): void {
    this.conflict = undefined;
  }

  /** The last edit once more, changed as the problem asked for. */
  async again(change: (made: Change) => Change): Promise<boolean> {
    const last = this.#last;
    return last ? this.save(last.seen, { ...last.edit, make: (seen) => change(last.edit.make(seen)) }) : false;
  }

  forget(): void {
    this.conflict = undefined;
    this.problem = undefined;
  }

  // Another value of the same thing was changed: no conflict. The same value: both are shown.
  async #compare(seen: Seen, edit: Edit<Seen, Change>, problem: ApiProblem): Promise<boolean> {
    try {
      const now = await this.#store.load();
      this.#store.take(now);
      const theirs = edit.read(now);
      if (theirs === edit.mine) return true;
      if (theirs === edit.read(seen)) return await this.save(now, edit);
      this.conflict = { edit, theirs, by: problem.params['by'], now };
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
    return false;
  }
}
