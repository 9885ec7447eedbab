import { createContext } from 'svelte';
import type { AccountSummary, Destination, NumberEntry, ReachedAt, UserRow } from '../../contract';
import { m } from '../../paraglide/messages';
import { fullName } from '../words/names';
import type { Session } from './session.svelte';

const most = 1000;

/** The people, devices and numbers of the organisation: to choose among, and to name what is only told by its id. */
export class Directory {
  users = $state.raw<UserRow[]>([]);
  accounts = $state.raw<AccountSummary[]>([]);
  numbers = $state.raw<NumberEntry[]>([]);
  readonly #session: Session;
  #asked = false;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Asks once, for the first page that needs it; later changes come as events. */
  need(): void {
    if (this.#asked) return;
    this.#asked = true;
    void this.#load();
  }

  /** Keeps itself up to date until the returned function is called. */
  follow(): () => void {
    return this.#session.events.on(({ kind }) => {
      if (!this.#asked) return;
      const about = ['snapshot', 'userDeleted', 'accountDeleted', 'numberChanged', 'numberDeleted', 'accountChanged'];
      if (about.includes(kind.kind)) void this.#load();
      if (kind.kind === 'userChanged') this.users = [...this.users.filter(({ id }) => id !== kind.user.id), kind.user];
    });
  }

  user(id: number): UserRow | undefined {
    return this.users.find((user) => user.id === id);
  }
  account(id: number): AccountSummary | undefined {
    return this.accounts.find((account) => account.id === id);
  }
  number(id: number): NumberEntry | undefined {
    return this.numbers.find((number) => number.id === id);
  }

  /** Where calls go, in words. */
  destination(to: Destination): string {
    switch (to.kind) {
      case 'hangUp':
        return m.destination_hang_up();
      case 'user': {
        const user = this.user(to.user);
        return user ? `${fullName(user)}, ${user.extension ?? ''}` : m.destination_user();
      }
      case 'account':
        return this.#accountName(to.account);
      case 'external':
        return to.number;
      case 'unknown':
        return m.destination_unknown();
    }
  }

  /** Where somebody is reached, in words. */
  reachedAt(at: ReachedAt | undefined): string {
    switch (at?.kind) {
      case 'account':
        return this.#accountName(at.account);
      case 'external':
        return at.number;
      case 'allDevices':
      case 'unknown':
      case undefined:
        return m.destination_all_devices();
    }
  }

  #accountName(id: number): string {
    const account = this.account(id);
    return account ? `${account.name}, ${account.number}` : String(id);
  }

  // A list that can't be had leaves names out; the page that edits says what went wrong when it writes.
  async #load(): Promise<void> {
    const { api } = this.#session;
    const query = { sort: 'name' as const, descending: false, offset: 0, limit: most };
    const [users, accounts, numbers] = await Promise.allSettled([api.users(query), api.accounts(), api.numbers()]);
    if (users.status === 'fulfilled') this.users = users.value.items;
    if (accounts.status === 'fulfilled') this.accounts = accounts.value;
    if (numbers.status === 'fulfilled') this.numbers = numbers.value;
  }
}

export const [useDirectory, provideDirectory] = createContext<Directory>();
