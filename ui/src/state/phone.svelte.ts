import { createContext } from 'svelte';
import type { AccountView, Command, Levels, PhoneView, Timestamp } from '../contract';
import type { Host, Stop } from '../host/host';
import { arrange } from './calls';
import { listedCalls } from './records';

const silence: Levels = { microphone: 0, speaker: 0, ring: 0 };

/** The phone as the screens see it: the newest view, and a way to send commands. */
export class Phone {
  view = $state.raw<PhoneView>() as PhoneView;
  levels = $state.raw<Levels>(silence);
  /** The clock of everything that shows time; it ticks once a second. */
  now = $state<Timestamp>(Date.now());
  /** What readers are told besides what the view says; see `say`. */
  said = $state.raw({ text: '' });
  readonly screen = $derived(arrange(this.view.calls));
  /** The history with what only the server knows of it. */
  readonly history = $derived(listedCalls(this.view));
  readonly #host: Host;

  private constructor(host: Host, view: PhoneView) {
    this.#host = host;
    this.view = view;
  }

  /** Asks the host for the state; later views come by themselves. */
  static async open(host: Host): Promise<Phone> {
    return new Phone(host, await host.state());
  }

  /** Takes views, levels and the time until stopped. */
  listen(): Stop {
    const stops = [
      this.#host.onView((view) => this.#take(view)),
      this.#host.onLevels((levels) => (this.levels = levels)),
    ];
    const ticking = setInterval(() => (this.now = Date.now()), 1000);
    // A view may have come between the first one and now.
    void this.#host.state().then((view) => this.#take(view));
    return () => {
      clearInterval(ticking);
      for (const stop of stops) stop();
    };
  }

  send(command: Command): void {
    void this.#host.command(command);
  }

  /** Tells readers politely why nothing came of a press. */
  say(text: string): void {
    this.said = { text };
  }

  /** The account that calls go out over. */
  get account(): AccountView | undefined {
    const { accounts, defaultAccount } = this.view;
    return accounts.find((account) => account.id === defaultAccount) ?? accounts[0];
  }

  #take(view: PhoneView): void {
    this.now = Date.now();
    if (view.revision >= this.view.revision) this.view = view;
  }
}

export const [usePhone, providePhone] = createContext<Phone>();
