import type { CallView, Command, Levels, PhoneView } from '../../contract';
import type { Host, Stop } from '../host';
import { CallScript } from './calls';
import { LogInScript } from './log-in';
import { lookUp } from './look-up';
import { account } from './sample';
import { ServerScript } from './server';

/**
 * A phone without network or sound behind the same seam as the real one, for tests and for work in a browser. Calls go
 * through plausible states with short delays; all commands are kept for tests to read.
 */
export class FakePhone implements Host {
  readonly commands: Command[] = [];
  view: PhoneView;
  readonly #calls: CallScript;
  readonly server: ServerScript;
  readonly #logIn: LogInScript;
  readonly #delay: number;
  readonly #viewListeners = new Set<(view: PhoneView) => void>();
  readonly #levelListeners = new Set<(levels: Levels) => void>();

  /** `delay` is how long servers and people take to answer, in ms. */
  constructor(view: PhoneView, delay = 1200) {
    this.view = view;
    this.#delay = delay;
    this.#calls = new CallScript(this);
    this.server = new ServerScript(this);
    this.#logIn = new LogInScript(this);
  }

  state(): Promise<PhoneView> {
    return Promise.resolve(this.view);
  }

  onView(listener: (view: PhoneView) => void): Stop {
    this.#viewListeners.add(listener);
    return () => this.#viewListeners.delete(listener);
  }

  onLevels(listener: (levels: Levels) => void): Stop {
    this.#levelListeners.add(listener);
    return () => this.#levelListeners.delete(listener);
  }

  /** Changes the view and tells it. */
  show(change: Partial<PhoneView>): void {
    this.view = { ...this.view, ...change, revision: this.view.revision + 1 };
    for (const listener of this.#viewListeners) listener(this.view);
  }

  showCall(id: number, change: Partial<CallView>): void {
    this.show({ calls: this.view.calls.map((call) => (call.id === id ? { ...call, ...change } : call)) });
  }

  sound(levels: Levels): void {
    for (const listener of this.#levelListeners) listener(levels);
  }

  later(act: () => void): void {
    setTimeout(act, this.#delay);
  }

  command(command: Command): Promise<void> {
    this.commands.push(command);
    const scripts = [this.#calls, this.#logIn, this.server];
    if (!scripts.some((script) => script.take(command))) this.#take(command);
    return Promise.resolve();
  }

  #take(command: Command): void {
    const view = this.view;
    switch (command.type) {
      case 'testAccount':
        return this.#testAccount(command);
      case 'cancelAccountTest':
        return this.show({ accountTest: null });
      case 'addAccount':
        return this.#addAccount(command);
      case 'editAccount':
        return this.show({
          accounts: view.accounts.map((one) =>
            one.id === command.id ? { ...one, settings: command.account.settings } : one,
          ),
        });
      case 'removeAccount':
        return this.show({ accounts: view.accounts.filter((one) => one.id !== command.id) });
      case 'setDefaultAccount':
        return this.show({ defaultAccount: command.id });
      case 'lookUp':
        return this.#lookUp(command.text);
      case 'markMissedSeen':
        return this.show({ missed: 0, history: view.history.map((entry) => ({ ...entry, seen: true })) });
      case 'deleteHistory':
        return this.show({ history: view.history.filter((entry) => entry.id !== command.id) });
      case 'clearHistory':
        return this.show({ history: [] });
      case 'dismissNotice':
        return this.show({ notices: view.notices.filter((notice) => notice.id !== command.id) });
      case 'setLanguage':
        return this.show({ preferences: { ...view.preferences, language: command.language } });
      case 'setTheme':
        return this.show({ preferences: { ...view.preferences, theme: command.theme } });
      case 'setCountry':
        return this.show({ preferences: { ...view.preferences, country: command.country } });
      default:
        return this.#takeAudio(command);
    }
  }

  #lookUp(text: string): void {
    const { link: _taken, ...view } = this.view;
    this.view = view;
    this.show({ lookUp: lookUp(text, view.history, view.server?.colleagues) });
  }

  #takeAudio(command: Command): void {
    const audio = this.view.audio;
    switch (command.type) {
      case 'setAudio':
        return this.show({ audio: { ...audio, settings: command.settings } });
      case 'startMeter':
        return this.show({ audio: { ...audio, test: { state: 'metering' } } });
      case 'stopAudioTest':
        return this.show({ audio: { ...audio, test: { state: 'idle' } } });
      case 'playTestSound':
        return this.show({ audio: { ...audio, test: { state: 'playingSound', role: command.role } } });
      case 'recordAndPlayBack':
        return this.show({ audio: { ...audio, test: { state: 'recording', until: Date.now() + 4000 } } });
      default:
        return undefined;
    }
  }

  #testAccount({ account: draft }: Extract<Command, { type: 'testAccount' }>): void {
    const { settings, secret } = draft;
    const address = `${settings.userName}@${settings.domain}`;
    this.show({ accountTest: { state: 'running' } });
    this.later(() => {
      if (this.view.accountTest?.state !== 'running') return;
      if (settings.domain.startsWith('nowhere')) {
        const problem = { code: 'serverNotFound' as const, params: { server: settings.domain }, details: 'NXDOMAIN' };
        this.show({ accountTest: { state: 'failed', problem } });
      } else if (secret === 'wrong') {
        const problem = { code: 'wrongPassword' as const, params: { address }, details: '403 Forbidden' };
        this.show({ accountTest: { state: 'failed', problem } });
      } else {
        this.show({ accountTest: { state: 'passed', settings: { ...settings, transport: 'tls' }, secure: true } });
      }
    });
  }

  #addAccount({ account: { settings } }: Extract<Command, { type: 'addAccount' }>): void {
    const id = Math.max(0, ...this.view.accounts.map((one) => one.id)) + 1;
    const added = account({ id, settings, address: `${settings.userName}@${settings.domain}` });
    this.show({
      accounts: [...this.view.accounts, added],
      defaultAccount: this.view.defaultAccount ?? id,
      accountTest: null,
    });
  }
}
