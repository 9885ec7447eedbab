import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import type { ApiProblem, ServerEvent, UserDetail, UserId, UserRow, UserSort } from '../../contract';
import { problemOf } from '../problem';
import { startsAnew } from './list.svelte';
import type { Session } from './session.svelte';

const pageLength = 200;
const atOnce = 6;

/** The table of users: what is searched and chosen, and the users whole where they are chosen. */
export class UserTable {
  search = $state('');
  sort = $state.raw<{ by: UserSort; descending: boolean }>({ by: 'name', descending: false });
  rows = $state.raw<UserRow[]>([]);
  total = $state(0);
  loaded = $state(false);
  problem = $state.raw<ApiProblem>();
  readonly chosen = new SvelteSet<UserId>();
  /** The chosen ones as they stand now. */
  readonly details = new SvelteMap<UserId, UserDetail>();
  #question = 0;
  readonly #session: Session;
  readonly #told: (event: ServerEvent) => void;

  constructor(session: Session, told: (event: ServerEvent) => void) {
    this.#session = session;
    this.#told = told;
  }

  /** Keeps the table up to date until the returned function is called. */
  follow(): () => void {
    return this.#session.events.on((event) => this.#hear(event));
  }

  async load(more = false): Promise<void> {
    const question = (this.#question += 1);
    const { by, descending } = this.sort;
    try {
      const page = await this.#session.api.users({
        search: this.search.trim(),
        sort: by,
        descending,
        offset: more ? this.rows.length : 0,
        limit: pageLength,
      });
      if (question !== this.#question) return;
      this.rows = more ? [...this.rows, ...page.items] : page.items;
      this.total = page.total;
      this.problem = undefined;
      this.loaded = true;
    } catch (thrown) {
      if (question === this.#question) this.problem = problemOf(thrown);
    }
  }

  choose(id: UserId, chosen: boolean): void {
    if (chosen) this.chosen.add(id);
    else this.chosen.delete(id);
  }
  chooseAll(all: boolean): void {
    this.chosen.clear();
    if (all) for (const row of this.rows) this.chosen.add(row.id);
  }

  /** Fetches the chosen users that are not known yet, a few at a time. */
  async fill(): Promise<void> {
    for (const id of [...this.details.keys()]) if (!this.chosen.has(id)) this.details.delete(id);
    await this.refresh([...this.chosen].filter((id) => !this.details.has(id)));
  }

  /** Fetches users anew. */
  async refresh(ids: readonly UserId[]): Promise<void> {
    const left = [...ids];
    const next = async (): Promise<void> => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        const user = await this.#session.api.user(id);
        if (this.chosen.has(id)) this.details.set(id, user);
      }
    };
    try {
      await Promise.all(Array.from({ length: atOnce }, next));
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  }

  /** Takes in a user as it stands now. */
  take(user: UserDetail): void {
    this.putRow(user.user);
    if (this.chosen.has(user.user.id)) this.details.set(user.user.id, user);
  }

  putRow(row: UserRow): void {
    this.rows = this.rows.map((other) => (other.id === row.id ? row : other));
  }

  drop(id: UserId): void {
    if (this.rows.some((row) => row.id === id)) this.total -= 1;
    this.rows = this.rows.filter((row) => row.id !== id);
    this.chosen.delete(id);
    this.details.delete(id);
  }

  #hear(event: ServerEvent): void {
    const { kind } = event;
    if (startsAnew(event)) void this.load().then(() => this.refresh([...this.chosen]));
    if (kind.kind === 'userDeleted') this.drop(kind.user);
    if (kind.kind === 'userChanged') {
      if (this.rows.some((row) => row.id === kind.user.id)) this.putRow(kind.user);
      else void this.load();
      if (this.chosen.has(kind.user.id)) void this.refresh([kind.user.id]);
    }
    this.#told(event);
  }
}
