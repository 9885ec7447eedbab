import { createContext } from 'svelte';
import type { ApiProblem, Me, ServerEvent, SetUp } from '../../contract';
import { Api } from '../api';
import { problemOf } from '../problem';
import type { Wire } from '../wire';
import { Events } from './events.svelte';

/** Whether somebody is logged in. */
export type Standing =
  { kind: 'asking' } | { kind: 'out'; problem?: ApiProblem } | { kind: 'newPassword'; me: Me } | { kind: 'in'; me: Me };

/** Who uses the portal, and the ways to the server. */
export class Session {
  standing = $state.raw<Standing>({ kind: 'asking' });
  /** The organisation that this address belongs to, once known. */
  organisation = $state<string>();
  /** The server waits for its first administrator. */
  needsSetUp = $state(false);
  readonly api: Api;
  readonly events: Events;

  constructor(wire: Wire) {
    this.api = new Api(wire);
    this.events = new Events(wire);
    this.api.loggedOut = (problem) => this.#end(problem);
    this.events.on((event) => this.#hear(event));
  }

  /** Goes on with the session of this browser, where there is one. */
  async resume(): Promise<void> {
    try {
      this.#enter(await this.api.session());
    } catch (thrown) {
      const problem = problemOf(thrown);
      this.standing = problem.code === 'notLoggedIn' ? { kind: 'out' } : { kind: 'out', problem };
      await this.#greet();
    }
  }

  async logIn(login: string, secret: string): Promise<void> {
    this.#enter(await this.api.logIn(login, secret));
  }

  async useLink(token: string, login: string, secret: string): Promise<void> {
    await this.api.useLink(token, secret);
    await this.logIn(login, secret);
  }

  /** Sets a new server up and logs its first administrator in. */
  async setUp(token: string, what: SetUp): Promise<void> {
    await this.api.setUp(token, what);
    await this.logIn(what.admin.login ?? what.admin.email, what.admin.password ?? '');
  }

  /** A new password ends all sessions, this one too. */
  async changePassword(login: string, old: string, secret: string): Promise<void> {
    await this.api.changePassword({ old, new: secret });
    await this.logIn(login, secret);
  }

  async logOut(): Promise<void> {
    await this.api.logOut();
    this.#end();
  }

  /** Takes in who we are, as it stands now. */
  know(me: Me): void {
    if (this.standing.kind === 'in') this.standing = { kind: 'in', me };
  }

  #enter(me: Me): void {
    this.organisation = me.organisation.name;
    if (me.passwordChangeNeeded) {
      this.standing = { kind: 'newPassword', me };
      return;
    }
    this.standing = { kind: 'in', me };
    this.events.start();
  }

  #end(problem?: ApiProblem): void {
    this.events.stop();
    this.standing = problem ? { kind: 'out', problem } : { kind: 'out' };
  }

  #hear({ kind }: ServerEvent): void {
    if (kind.kind === 'me') this.know(kind.me);
    if (kind.kind === 'loggedOut') this.#end(kind.problem);
  }

  async #greet(): Promise<void> {
    try {
      const hello = await this.api.hello();
      this.organisation = hello.organisation?.name;
      this.needsSetUp = hello.needsSetUp;
    } catch {
      // The log-in page does without the name.
    }
  }
}

export const [useSession, provideSession] = createContext<Session>();
