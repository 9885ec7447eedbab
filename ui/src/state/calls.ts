import type { CallView } from '../contract';

/** What the window does with the calls that there are. */
export interface CallsOnScreen {
  /** The one that rings here and wants an answer. */
  incoming: CallView | undefined;
  /** The one that is talked in, or else the one that was held or ended last. */
  current: CallView | undefined;
  /** All others, which wait in strips above. */
  others: CallView[];
}

/** Chooses which call has the screen: talking before dialling, before waiting, before ended. */
export function arrange(calls: readonly CallView[]): CallsOnScreen {
  const ringing = calls.filter((call) => call.state.kind === 'incoming');
  const rest = calls.filter((call) => call.state.kind !== 'incoming');
  const current = rest.toSorted((a, b) => rank(a) - rank(b) || b.since - a.since)[0];
  const incoming = ringing[0];
  return {
    incoming,
    current,
    others: [...ringing.slice(1), ...rest.filter((call) => call !== current && call.state.kind !== 'ended')],
  };
}

/** Whether the call is over and only shown for a moment. */
export function isOver(call: CallView): boolean {
  return call.state.kind === 'ended';
}

/** Whether both sides could talk: the timer runs. */
export function isUp(call: CallView): boolean {
  return call.answeredAt !== null && !isOver(call);
}

/** Whether we hold the other side. */
export function isHeld(call: CallView): boolean {
  return call.state.kind === 'onHold' || call.state.kind === 'bothHold';
}

function rank(call: CallView): number {
  switch (call.state.kind) {
    case 'active':
    case 'theyHold':
    case 'reconnecting':
    case 'connecting':
    case 'unknown':
    case 'incoming':
      return 0;
    case 'calling':
    case 'ringing':
      return 1;
    case 'onHold':
    case 'bothHold':
      return 2;
    case 'ended':
      return 3;
  }
}
