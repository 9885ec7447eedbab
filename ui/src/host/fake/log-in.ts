import type { ApiProblem, Command, ErrorCode, ServerErrorCode, ServerTrouble } from '../../contract';
import type { FakePhone } from './phone';
import { account } from './sample';
import { serverView } from './server-sample';

/** A refusal of the server. */
export function refusal(
  code: ServerErrorCode,
  params: Record<string, string> = {},
  status = 403,
  field?: string,
): ServerTrouble {
  const at = field === undefined ? {} : { field };
  const problem: ApiProblem = { type: `urn:bellbird:problem:${code}`, title: code, status, code, params, ...at };
  return { where: 'there', problem };
}

function trouble(code: ErrorCode, server: string): ServerTrouble {
  return { where: 'here', problem: { code, params: { server }, details: null } };
}

/**
 * The part of the scripted phone that logs in. `bell.` is a slip of the pen, `nowhere` is nobody, `old` is too new for
 * this app; the password `wrong` is wrong, and with `first` a new one has to be chosen. A link of an invitation does too.
 */
export class LogInScript {
  readonly #phone: FakePhone;

  constructor(phone: FakePhone) {
    this.#phone = phone;
  }

  /** Plays `command` if it is about logging in, and tells whether it was. */
  take(command: Command): boolean {
    switch (command.type) {
      case 'findServer':
        this.#find(command.server);
        return true;
      case 'logInToServer':
        this.#phone.show({ serverLogIn: { state: 'loggingIn', server: command.server } });
        this.#phone.later(() => this.#logIn(command.server, command.login, command.secret));
        return true;
      case 'logInWithLink':
        this.#phone.show({ serverLogIn: { state: 'loggingIn', server: 'bel.fiets.example' } });
        this.#phone.later(() => this.#open(command.link));
        return true;
      case 'chooseFirstPassword':
        this.#choose(command.new);
        return true;
      case 'cancelServerLogIn':
        this.#forget();
        return true;
      case 'logOutOfServer': {
        const { server: _left, ...view } = this.#phone.view;
        this.#phone.view = view;
        this.#phone.show({ accounts: [], defaultAccount: null });
        return true;
      }
      case 'changePassword':
        this.#changePassword(command.old, command.new);
        return true;
      default:
        return false;
    }
  }

  #find(server: string): void {
    this.#phone.show({ serverLogIn: { state: 'searching', server } });
    this.#phone.later(() => {
      if (this.#phone.view.serverLogIn?.state !== 'searching') return;
      const problem = missing(server);
      if (!problem) {
        const organisation = { id: 1, name: 'Voorbeeld Fietsen' };
        this.#phone.show({ serverLogIn: { state: 'found', server, organisation } });
        return;
      }
      const suggestion = server.startsWith('bell.') ? { suggestion: server.replace('bell.', 'bel.') } : {};
      this.#phone.show({ serverLogIn: { state: 'failed', server, trouble: problem, ...suggestion } });
    });
  }

  #logIn(server: string, login: string, secret: string): void {
    if (this.#phone.view.serverLogIn?.state !== 'loggingIn') return;
    const problem =
      missing(server) ?? (secret === 'wrong' ? refusal('wrongCredentials', { login, triesLeft: '3' }, 401) : undefined);
    if (problem) this.#phone.show({ serverLogIn: { state: 'failed', server, trouble: problem } });
    else if (secret === 'first') this.#askPassword();
    else this.#enter();
  }

  #askPassword(trouble?: ServerTrouble, sending = false): void {
    const asked = { state: 'newPassword' as const, server: 'bel.fiets.example', login: 'linda@fiets.example' };
    const why = trouble ? { trouble } : {};
    this.#phone.show({ serverLogIn: { ...asked, least: 10, sending, ...why } });
  }

  #choose(chosen: string): void {
    this.#askPassword(undefined, true);
    this.#phone.later(() => {
      if (this.#phone.view.serverLogIn?.state !== 'newPassword') return;
      if (chosen.length < 10) this.#askPassword(refusal('passwordTooShort', { least: '10' }, 422));
      else this.#enter();
    });
  }

  #open(link: string): void {
    if (this.#phone.view.serverLogIn?.state !== 'loggingIn') return;
    const server = 'bel.fiets.example';
    if (link.includes('invitation')) this.#askPassword();
    else if (link.startsWith('https://')) this.#enter();
    else this.#phone.show({ serverLogIn: { state: 'failed', server, trouble: trouble('linkInvalid', server) } });
  }

  #enter(): void {
    this.#forget();
    const { accounts } = this.#phone.view;
    this.#phone.show({
      server: serverView(Date.now()),
      accounts: accounts.length > 0 ? accounts : [account()],
      defaultAccount: this.#phone.view.defaultAccount ?? 1,
    });
  }

  #forget(): void {
    const { serverLogIn: _gone, ...view } = this.#phone.view;
    if (this.#phone.view.serverLogIn === undefined) return;
    this.#phone.view = view;
    this.#phone.show({});
  }

  #changePassword(old: string, chosen: string): void {
    const { server } = this.#phone.view;
    if (!server) return;
    if (old === 'wrong') this.#phone.server.show({ refusal: refusal('fieldInvalid', {}, 422, 'old') });
    else if (chosen.length < 8) this.#phone.server.show({ refusal: refusal('passwordTooShort', { least: '8' }, 422) });
    else {
      const me = { ...server.me, passwordChangeNeeded: false };
      this.#phone.server.show({ me, saved: Date.now() });
    }
  }
}

function missing(server: string): ServerTrouble | undefined {
  if (server.startsWith('bell.') || server.startsWith('nowhere')) return trouble('serverNotFound', server);
  if (server.startsWith('sip.')) return trouble('notAServer', server);
  return server.startsWith('old.') ? trouble('clientTooOld', server) : undefined;
}
