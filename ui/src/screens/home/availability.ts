import type { Availability, DeviceName, ReachedAt, ServerView, Timestamp } from '../../contract';
import { deviceWord } from '../../i18n/devices';
import { m } from '../../paraglide/messages';

/** A device at which the user can be reached alone, in words. */
export interface Reachable {
  word: string;
  at: ReachedAt;
}

/** The user's own accounts (apps, desk phones) and the outside numbers that the server names. */
export function reachable({ accounts, dnd, callMethods }: ServerView): Reachable[] {
  const own = accounts.map(({ id, name, number, kind }): Reachable => {
    if (kind.kind === 'forward') return outside({ kind: 'external', number: kind.number });
    const at: ReachedAt = { kind: 'account', account: id };
    if (kind.kind === 'deskPhone') return { word: deviceWord({ kind: 'deskPhone', account: id, number, name }), at };
    return { word: kind.kind === 'web' ? m.device_own_web({ number }) : m.device_own_app({ number }), at };
  });
  const named = dnd.receipts.flatMap(({ device }) => (device.kind === 'external' ? [outside(device)] : []));
  const mobile = callMethods.find(({ method }) => method === 'mobile')?.device;
  const numbers = [...named, ...(mobile ? [outside({ kind: 'external', number: mobile })] : [])];
  const all = [...own, ...numbers];
  return all.filter((one, i) => all.findIndex(({ at }) => key(at) === key(one.at)) === i);
}

function outside(device: Extract<DeviceName, { kind: 'external' }>): Reachable {
  return { word: deviceWord(device), at: { kind: 'external', number: device.number } };
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
