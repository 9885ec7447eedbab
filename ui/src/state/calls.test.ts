import { describe, expect, it } from 'vitest';
import { call } from '../host/fake/sample';
import { arrange } from './calls';

describe('which call has the screen', () => {
  it('the one that is talked in, before one on hold', () => {
    const held = call({ now: 2, id: 2, state: { kind: 'onHold' } });
    const talking = call({ now: 1, id: 1 });
    expect(arrange([held, talking])).toEqual({ incoming: undefined, current: talking, others: [held] });
  });

  it('a ringing one is apart from the one that is talked in', () => {
    const ringing = call({ now: 2, id: 2, state: { kind: 'incoming', waiting: true } });
    const talking = call({ now: 1, id: 1 });
    expect(arrange([talking, ringing])).toEqual({ incoming: ringing, current: talking, others: [] });
  });

  it('one that ended a moment ago gives way to one that waits', () => {
    const ended = call({ now: 3, id: 2, state: { kind: 'ended', reason: 'there', problem: null } });
    const held = call({ now: 1, id: 1, state: { kind: 'onHold' } });
    expect(arrange([held, ended])).toEqual({ incoming: undefined, current: held, others: [] });
  });

  it('the call in which somebody is asked comes before the one that waits for the answer', () => {
    const waiting = call({ now: 1, id: 1, state: { kind: 'onHold' }, consultation: { role: 'waiting', call: 2 } });
    const asking = call({
      now: 2,
      id: 2,
      state: { kind: 'ringing', earlyMedia: false },
      consultation: { role: 'asking', call: 1 },
    });
    expect(arrange([waiting, asking]).current).toBe(asking);
  });
});
