import type { ChangeRequest, Command, DndEnd, EffectiveSettings, ServerView } from '../../contract';
import type { FakePhone } from './phone';
import { linda, receipts, settings, stamp } from './server-sample';

const minute = 60_000;

/** The part of the scripted phone that plays a server: it takes every change in, unless it is not there. */
export class ServerScript {
  readonly #phone: FakePhone;
  #nextRequest = 100;

  constructor(phone: FakePhone) {
    this.#phone = phone;
  }

  /** Plays `command` if it is about the server, and tells whether it was. */
  take(command: Command): boolean {
    const { server } = this.#phone.view;
    if (!server) return false;
    const offline = server.connection.state !== 'online';
    switch (command.type) {
      case 'setDnd':
        this.#dnd(command, offline);
        return true;
      case 'setReceiveCalls':
        this.#settings({ receive: { value: command.on, scope: command.scope } }, { receivePending: offline });
        return true;
      case 'setMakeCalls':
        this.#settings(
          {
            make: { value: command.on, scope: command.scope },
            callMethod: { ...server.settings.own.effective.callMethod, scope: command.scope },
          },
          { makePending: offline },
        );
        return true;
      case 'setCallMethod':
        this.#settings({ callMethod: { value: command.method, scope: command.scope } }, { makePending: offline });
        return true;
      case 'setAvailability':
        this.show({
          availability: {
            state: { availability: command.availability, stamp: stamp(linda, Date.now()) },
            pending: offline,
          },
        });
        return true;
      case 'setForwarding':
        this.show({
          telephony: { ...server.telephony, forwarding: { ...server.telephony.forwarding, ...command.forwarding } },
          forwardingPending: offline,
        });
        return true;
      case 'setCallsFromUserAccount':
        this.show({ telephony: { ...server.telephony, callsFromUserAccount: command.on }, telephonyPending: offline });
        return true;
      case 'setDeskPhone':
        this.show({ telephony: { ...server.telephony, deskPhone: command.account }, telephonyPending: offline });
        return true;
      case 'editProfile':
        this.show({ me: { ...server.me, ...command.profile }, profilePending: offline });
        return true;
      case 'cancelServerCall':
        this.show({ calls: server.calls.filter((one) => one.id !== command.call) });
        return true;
      case 'dismissRefusal': {
        const { refusal: _gone, ...rest } = server;
        this.#phone.show({ server: rest });
        return true;
      }
      case 'askWhy':
        this.#why(command.record);
        return true;
      case 'closeWhy': {
        const { why: _closed, ...rest } = server;
        this.#phone.show({ server: rest });
        return true;
      }
      case 'askForChange':
        this.#ask(command);
        return true;
      case 'withdrawRequest':
        this.show({
          requests: server.requests.map((one) =>
            one.id === command.id ? { ...one, state: { kind: 'withdrawn', at: Date.now() } } : one,
          ),
        });
        return true;
      default:
        return false;
    }
  }

  /** Changes what the server says. */
  show(change: Partial<ServerView>): void {
    const { server } = this.#phone.view;
    if (server) this.#phone.show({ server: { ...server, ...change } });
  }

  #dnd({ on, end }: Extract<Command, { type: 'setDnd' }>, pending: boolean): void {
    const now = Date.now();
    const until = on && end ? endOf(end, now) : undefined;
    this.show({
      dnd: { on, since: now, pending, receipts: receipts(now), ...(until === undefined ? {} : { until }) },
    });
  }

  #settings(effective: Partial<EffectiveSettings>, pending: Partial<ServerView['settings']>): void {
    const before = this.#phone.view.server?.settings;
    if (!before) return;
    const made = settings(Date.now(), { ...before.own.effective, ...effective });
    this.show({ settings: { ...made, saved: Date.now(), ...pending } });
  }

  #why(record: string): void {
    const known = this.#phone.view.server?.records.find(({ id }) => id === record);
    this.show({ why: known ? { state: 'known', record: known } : { state: 'asking', record } });
  }

  #ask({ direction, wish, text }: Extract<Command, { type: 'askForChange' }>): void {
    const request: ChangeRequest = {
      id: (this.#nextRequest += 1),
      user: { id: linda.user ?? 0, name: linda.name },
      at: Date.now(),
      asked: { direction, text, ...(wish ? { wish } : {}) },
      lockedWith: 0,
      state: { kind: 'open' },
      revision: 1,
    };
    this.show({ requests: [request, ...(this.#phone.view.server?.requests ?? [])] });
  }
}

function endOf(end: DndEnd, now: number): number | undefined {
  switch (end.kind) {
    case 'after':
      return now + end.minutes * minute;
    case 'tomorrow':
      return new Date(new Date(now).setDate(new Date(now).getDate() + 1)).setHours(8, 0, 0, 0);
    case 'at':
      return end.at;
    case 'unknown':
      return undefined;
  }
}
