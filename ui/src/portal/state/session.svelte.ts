import { createContext } from 'svelte';
import type { ApiProblem, Me, OrganisationName, ServerEvent, SetUp } from '../../contract';
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
  /** Whether somebody typed his password on this page. */
  typed = false;
  /** Where the partner who acts elsewhere is at home; nothing for who acts at home. */
  home = $state.raw<OrganisationName>();
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
    const me = await this.api.logIn(login, secret);
    this.typed = true;
    this.#enter(me);
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

  /** Lets a partner act in another organisation, or at home again. */
  async actIn(organisation: OrganisationName): Promise<void> {
    if (this.standing.kind !== 'in') return;
    const home = this.home ?? this.standing.me.organisation;
    const before = this.api.acting;
    this.#act(organisation.id === home.id ? undefined : organisation.id);
    try {
      const me = await this.api.session();
      this.home = this.api.acting === undefined ? undefined : home;
      this.events.stop();
      this.#enter(me);
    } catch (thrown) {
      this.#act(before);
      throw thrown;
    }
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

  #act(organisation: number | undefined): void {
    this.api.acting = organisation;
    this.events.acting = organisation;
  }

  #end(problem?: ApiProblem): void {
    this.events.stop();
    this.#act(undefined);
    this.home = undefined;
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
