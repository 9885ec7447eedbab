import type { CallState, CallView, Command, Party } from '../../contract';
import { lookUp } from './look-up';
import type { FakePhone } from './phone';
import { call, capabilities } from './sample';

/** The part of the scripted phone that plays calls: whoever is called answers after two delays. */
export class CallScript {
  readonly #phone: FakePhone;
  #nextId = 100;

  constructor(phone: FakePhone) {
    this.#phone = phone;
  }

  /** Plays `command` if it is about a call, and tells whether it was. */
  take(command: Command): boolean {
    switch (command.type) {
      case 'dial':
        this.#dial(command.target);
        return true;
      case 'answer':
        this.#holdOthers(command.call);
        this.#phone.showCall(command.call, this.#turned({ kind: 'active' }, { answeredAt: Date.now() }));
        return true;
      case 'decline':
      case 'hangUp':
        this.#end(command.call);
        return true;
      case 'dismissCall':
        this.#phone.show({ calls: this.#phone.view.calls.filter((one) => one.id !== command.call) });
        return true;
      case 'hold':
        this.#phone.showCall(command.call, this.#turned({ kind: 'onHold' }));
        return true;
      case 'resume':
        this.#holdOthers(command.call);
        this.#phone.showCall(command.call, this.#turned({ kind: 'active' }));
        return true;
      case 'swap':
        this.#swap();
        return true;
      case 'mute':
        this.#phone.showCall(command.call, { muted: command.muted });
        return true;
      case 'sendDigits':
        this.#phone.showCall(command.call, { digits: (this.#find(command.call)?.digits ?? '') + command.digits });
        return true;
      default:
        return this.#transfer(command);
    }
  }

  #transfer(command: Command): boolean {
    switch (command.type) {
      case 'transferBlind':
        this.#phone.showCall(command.call, { transfer: { target: this.#party(command.target), ringing: true } });
        this.#phone.later(() => this.#end(command.call, 'transferred'));
        return true;
      case 'transferAskFirst':
        this.#askFirst(command.call, command.target);
        return true;
      case 'completeTransfer':
      case 'transferToCall':
        for (const one of this.#phone.view.calls) this.#end(one.id, 'transferred');
        return true;
      case 'cancelTransfer':
        this.#cancelTransfer();
        return true;
      default:
        return false;
    }
  }

  #dial(target: string): CallView {
    this.#holdOthers(undefined);
    const made = call({
      now: Date.now(),
      id: (this.#nextId += 1),
      direction: 'outgoing',
      party: this.#party(target),
      state: { kind: 'calling' },
      answeredAt: null,
      quality: null,
      security: 'pending',
    });
    this.#phone.show({ calls: [...this.#phone.view.calls, made] });
    this.#phone.later(() => this.#advance(made.id));
    return made;
  }

  #advance(id: number): void {
    const state = this.#find(id)?.state.kind;
    if (state === 'calling') {
      this.#phone.showCall(id, this.#turned({ kind: 'ringing', earlyMedia: false }));
      this.#phone.later(() => this.#advance(id));
    } else if (state === 'ringing') {
      const consulting = this.#find(id)?.consultation?.role === 'asking';
      const active = { kind: 'active' } as const;
      const up = { answeredAt: Date.now(), security: 'encrypted' as const, can: capabilities(active, consulting) };
      this.#phone.showCall(id, { ...this.#turned(active), ...up });
    }
  }

  #askFirst(waiting: number, target: string): void {
    const asked = this.#dial(target);
    this.#phone.showCall(waiting, { consultation: { role: 'waiting', call: asked.id } });
    this.#phone.showCall(asked.id, { consultation: { role: 'asking', call: waiting } });
  }

  #cancelTransfer(): void {
    for (const one of this.#phone.view.calls) {
      if (one.consultation?.role === 'asking') this.#end(one.id);
      if (one.consultation?.role === 'waiting') {
        this.#phone.showCall(one.id, { ...this.#turned({ kind: 'active' }), consultation: null });
      }
    }
  }

  #swap(): void {
    for (const one of this.#phone.view.calls) {
      if (one.state.kind === 'active') this.#phone.showCall(one.id, this.#turned({ kind: 'onHold' }));
      else if (one.state.kind === 'onHold') this.#phone.showCall(one.id, this.#turned({ kind: 'active' }));
    }
  }

  #holdOthers(keep: number | undefined): void {
    for (const one of this.#phone.view.calls) {
      if (one.id !== keep && one.state.kind === 'active')
        this.#phone.showCall(one.id, this.#turned({ kind: 'onHold' }));
    }
  }

  #end(id: number, reason: 'here' | 'transferred' = 'here'): void {
    this.#phone.showCall(id, this.#turned({ kind: 'ended', reason, problem: null }));
    this.#phone.later(() => this.#phone.show({ calls: this.#phone.view.calls.filter((one) => one.id !== id) }));
  }

  #turned(state: CallState, more: Partial<CallView> = {}): Partial<CallView> {
    return { state, since: Date.now(), can: capabilities(state), ...more };
  }

  #find(id: number): CallView | undefined {
    return this.#phone.view.calls.find((one) => one.id === id);
  }

  #party(target: string): Party {
    const known = this.#phone.view.history.find(({ party }) => party.address === target)?.party;
    return known ?? { name: null, number: lookUp(target, []).target ?? target, address: target };
  }
}
