import type { ClientMessage, Revision, ServerEvent, UserId } from '../../contract';
import { apiRoot } from '../api';
import type { Socket, Wire } from '../wire';

const firstWait = 500;
const longestWait = 30_000;

/** The server's events, from where they left off whenever the connection comes back. */
export class Events {
  /** Whether the server tells us what happens now. */
  live = $state(false);
  /** The organisation whose events are wanted; nothing for the own one. */
  acting: number | undefined;
  readonly #wire: Wire;
  #listeners: ((event: ServerEvent) => void)[] = [];
  #socket: Socket | undefined;
  #since: Revision | undefined;
  #looking: UserId | undefined;
  #wait = firstWait;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Hears every event until the returned function is called. */
  on(listener: (event: ServerEvent) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => (this.#listeners = this.#listeners.filter((other) => other !== listener));
  }

  /** Connects, and again whenever the connection is lost. */
  start(): void {
    if (this.#socket) return;
    const elsewhere = this.acting === undefined ? '' : `?organisation=${this.acting}`;
    this.#socket = this.#wire.socket(`${apiRoot}/events${elsewhere}`, {
      opened: () => this.#opened(),
      said: (text) => this.#said(text),
      closed: () => this.#closed(),
    });
  }

  /** Ends the connection and forgets where it was. */
  stop(): void {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    this.#since = undefined;
    this.live = false;
    socket?.close();
  }

  /** Tells the others whose page is looked at here. */
  look(user: UserId | undefined): void {
    this.#looking = user;
    if (this.live) this.#say({ kind: 'look', ...(user === undefined ? {} : { user }) });
  }

  #opened(): void {
    this.live = true;
    this.#say({ kind: 'subscribe', ...(this.#since === undefined ? {} : { since: this.#since }) });
    if (this.#looking !== undefined) this.look(this.#looking);
  }

  #said(text: string): void {
    const event = JSON.parse(text) as ServerEvent;
    this.#wait = firstWait;
    this.#since = event.revision;
    for (const listener of this.#listeners) listener(event);
  }

  #closed(): void {
    this.live = false;
    if (!this.#socket) return;
    this.#socket = undefined;
    // Not all portals of an office at the same moment.
    this.#timer = setTimeout(() => this.start(), this.#wait * (0.5 + Math.random() / 2));
    this.#wait = Math.min(this.#wait * 2, longestWait);
  }

  #say(message: ClientMessage): void {
    this.#socket?.say(JSON.stringify(message));
  }
}
