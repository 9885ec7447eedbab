import { createContext } from 'svelte';
import type { AccountSummary, Colleague, Destination, NumberEntry, ReachedAt, Role, UserRow } from '../../contract';
import { m } from '../../paraglide/messages';
import { fullName, manages } from '../words/names';
import type { Session } from './session.svelte';

const most = 1000;

/** Somebody to choose. */
export type Person = Pick<UserRow, 'id' | 'firstName' | 'lastName' | 'extension'>;

/** The people, devices and numbers of the organisation: to choose among, and to name what is only told by its id. */
export class Directory {
  users = $state.raw<Person[]>([]);
  accounts = $state.raw<AccountSummary[]>([]);
  numbers = $state.raw<NumberEntry[]>([]);
  /** Where people work, to be found while typing. */
  employers = $state.raw<string[]>([]);
  readonly #session: Session;
  readonly #manages: boolean;
  #asked = false;

  constructor(session: Session, role: Role) {
    this.#session = session;
    this.#manages = manages(role);
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
      // An order that stays: a list that is open while others change does not jump.
      if (kind.kind === 'userChanged') this.users = this.#with(kind.user);
    });
  }

  #with(user: UserRow): Person[] {
    const known = this.users.some(({ id }) => id === user.id);
    return known ? this.users.map((other) => (other.id === user.id ? user : other)) : [...this.users, user];
  }

  user(id: number): Person | undefined {
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
    if (!this.#manages) return this.#loadOwn();
    const query = { sort: 'name' as const, descending: false, offset: 0, limit: most };
    const [users, accounts, numbers, employers] = await Promise.allSettled([
      api.users(query),
      api.accounts(),
      api.numbers(),
      api.employers(),
    ]);
    if (employers.status === 'fulfilled') this.employers = employers.value;
    if (users.status === 'fulfilled') this.users = users.value.items;
    if (accounts.status === 'fulfilled') this.accounts = accounts.value;
    if (numbers.status === 'fulfilled') this.numbers = numbers.value;
  }

  // Who looks after himself alone sees his colleagues, and of devices and numbers his own.
  async #loadOwn(): Promise<void> {
    const { api } = this.#session;
    const [colleagues, profile] = await Promise.allSettled([api.colleagues(), api.profile()]);
    if (colleagues.status === 'fulfilled') this.users = colleagues.value.map(asPerson);
    if (profile.status === 'fulfilled') ({ accounts: this.accounts, numbers: this.numbers } = profile.value);
  }
}

function asPerson({ id, name, extension }: Colleague): Person {
  return { id, firstName: name, lastName: '', ...(extension === undefined ? {} : { extension }) };
}

export const [useDirectory, provideDirectory] = createContext<Directory>();
