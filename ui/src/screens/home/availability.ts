import type { Availability, DeviceName, ReachedAt, ServerView, Timestamp } from '../../contract';

/** A device at which the user can be reached alone. */
export interface Reachable {
  device: DeviceName;
  at: ReachedAt;
}

/** The user's desk phones and outside numbers, as the server names them; apps are reached with all the others. */
export function reachable({ dnd, callMethods }: ServerView): Reachable[] {
  const named = dnd.receipts.flatMap(({ device }): Reachable[] => {
    if (device.kind === 'deskPhone') return [{ device, at: { kind: 'account', account: device.account } }];
    return device.kind === 'external' ? [{ device, at: { kind: 'external', number: device.number } }] : [];
  });
  const number = callMethods.find(({ method }) => method === 'mobile')?.device;
  if (!number || named.some(({ at }) => at.kind === 'external' && at.number === number)) return named;
  return [...named, { device: { kind: 'external', number }, at: { kind: 'external', number } }];
}

/** Whether two say the same. */
export function sameAvailability(one: Availability, other: Availability): boolean {
  if (one.kind === 'available' && other.kind === 'available') return key(one.at) === key(other.at);
  return (
    one.kind === 'notAvailable' &&
    other.kind === 'notAvailable' &&
    (one.until === undefined) === (other.until === undefined)
  );
}

/** Eight o'clock of the next day. */
export function tomorrowMorning(now: Timestamp): Timestamp {
  const tomorrow = new Date(now);
  tomorrow.setDate(tomorrow.getDate() + 1);
  return tomorrow.setHours(8, 0, 0, 0);
}

function key(at: ReachedAt): string {
  if (at.kind === 'account') return `account ${at.account}`;
  return at.kind === 'external' ? `external ${at.number}` : at.kind;
}
