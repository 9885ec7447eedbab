import type { ApiProblem, DryRun, UserDetail } from '../../contract';
import { problemOf } from '../problem';
import { bulkOf, changesOf, overtaken, type Overtaken, type SettingsDraft } from './settings-draft';
import type { Session } from './session.svelte';

/** A draft of call settings for one or several users, tried out before it is saved. */
export class SettingsEdit {
  draft = $state.raw<SettingsDraft>({});
  /** What it would do. */
  trial = $state.raw<DryRun>();
  /** What stood in the way of saving. */
  refused = $state.raw<DryRun['problems']>([]);
  problem = $state.raw<ApiProblem>();
  saving = $state(false);
  /** The users as the draft was begun on them: that is what a write names. */
  seen = $state.raw<readonly UserDetail[]>([]);
  #question = 0;
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  get changes(): ReturnType<typeof changesOf> {
    return changesOf(this.draft, this.seen);
  }

  /** What others wrote meanwhile into what the draft is about. */
  conflicts(now: readonly UserDetail[]): Overtaken[] {
    return overtaken(this.draft, this.seen, now);
  }

  /** Takes in the users as they stand now; while a draft is open it goes on from what was seen. */
  follow(now: readonly UserDetail[]): void {
    const dirty = this.changes.length > 0;
    this.seen = now.map((user) => {
      const before = this.seen.find((other) => other.user.id === user.user.id);
      return dirty && before ? before : user;
    });
  }

  set(part: SettingsDraft): void {
    this.draft = { ...this.draft, ...part };
  }

  /** Leaves a value as others set it. */
  keepTheirs(direction: Overtaken['direction'], now: readonly UserDetail[]): void {
    const { incoming, outgoing, callMethod, ...rest } = this.draft;
    this.draft =
      direction === 'incoming'
        ? { ...rest, ...(outgoing ? { outgoing } : {}), ...(callMethod ? { callMethod } : {}) }
        : { ...rest, ...(incoming ? { incoming } : {}) };
    this.seen = [...now];
  }

  /** Goes on with ours: what others wrote was seen. */
  useMine(now: readonly UserDetail[]): void {
    this.seen = [...now];
  }

  discard(now: readonly UserDetail[]): void {
    this.draft = {};
    this.trial = undefined;
    this.refused = [];
    this.problem = undefined;
    this.seen = [...now];
  }

  /** Asks what the draft would do. */
  async tryOut(): Promise<void> {
    const question = (this.#question += 1);
    this.trial = undefined;
    if (this.changes.length === 0) return;
    try {
      const trial = await this.#session.api.tryBulk(bulkOf(this.draft, this.seen));
      if (question === this.#question) this.trial = trial;
    } catch (thrown) {
      if (question === this.#question) this.problem = problemOf(thrown);
    }
  }

  /** Writes the draft; says whether it is written. */
  async save(): Promise<boolean> {
    this.saving = true;
    this.problem = undefined;
    this.refused = [];
    try {
      const done = await this.#session.api.bulk(bulkOf(this.draft, this.seen));
      this.refused = done.problems;
      return done.problems.length === 0;
    } catch (thrown) {
      this.problem = problemOf(thrown);
      return false;
    } finally {
      this.saving = false;
    }
  }
}
