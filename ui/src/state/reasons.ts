import type { CallRecord, DeviceName, HistoryEntry, Me, Reason, ServerView } from '../contract';
import { list } from '../i18n/dates';
import { deviceWord } from '../i18n/devices';
import { m } from '../paraglide/messages';

/** How far a clock here and the server's may be apart for one call. */
const slack = 5000;

/** The record of a call in the history: by its name or its legs, else by moment and other side. */
export function recordOf(records: readonly CallRecord[], entry: HistoryEntry): CallRecord | undefined {
  const { callId } = entry;
  return (
    records.find(({ id }) => id === entry.record || id === entry.id) ??
    records.find(({ callIds }) => callId !== undefined && callIds?.includes(callId)) ??
    records.find(
      (record) =>
        record.direction === entry.direction &&
        Math.abs(record.started - entry.startedAt) < slack &&
        sameNumber(other(record), entry.party.number),
    )
  );
}

/** Whether one of the user's own devices rang. */
export function rangHere({ why }: CallRecord, me: Me): boolean {
  return why.some((reason) => reason.rang && isMine(reason, me));
}

/** The question that the page answers. */
export function question(record: CallRecord, me: Me): string {
  return rangHere(record, me) ? m.why_ring() : m.why_not_ring();
}

/** Whose call it was, and at which of the user's clients it is looked at. */
type Whose = Pick<ServerView, 'me' | 'client'>;

/** The answer in one sentence, before the devices one by one. */
export function summary(record: CallRecord, { me, client }: Whose): string {
  const mine = record.why.filter((reason) => isMine(reason, me));
  const rang = mine
    .filter((reason) => reason.rang)
    .map(({ device }) => deviceWord(device ?? { kind: 'unknown' }, client));
  if (rang.length > 1) return m.why_sum_rang_several({ devices: list(rang) });
  if (rang.length === 1) return m.why_sum_rang({ devices: list(rang) });
  const has = (...causes: Reason['cause'][]): boolean => record.why.some(({ cause }) => causes.includes(cause));
  if (has('doNotDisturb')) return m.why_sum_dnd();
  if (has('receiveOffEverywhere', 'receiveOffHere')) return m.why_sum_off();
  if (has('onAnotherCall')) return m.why_sum_busy();
  if (has('notAvailable')) return m.why_sum_away();
  return has('notRegistered', 'noDevice') ? m.why_sum_unregistered() : m.why_sum_none();
}

/** What a reason is about: a device that rang or did not, or nothing where it is about the call. */
export function headline({ device, rang }: Reason, { client }: Whose): string | undefined {
  if (!device) return undefined;
  const words = { device: capital(deviceWord(device, client)) };
  return rang ? m.why_rang(words) : m.why_silent(words);
}

/** The other side of a call, from the user's. */
function other({ direction, from, to, dialled }: CallRecord): string {
  return direction === 'incoming' ? from.number : (to?.number ?? dialled);
}

function isMine({ device, user }: Reason, me: Me): boolean {
  if (user !== undefined) return user === me.id;
  return device !== undefined && mineKinds.includes(device.kind);
}

const mineKinds: DeviceName['kind'][] = ['client', 'deskPhone', 'external'];

function sameNumber(one: string, other_: string): boolean {
  const digits = (text: string): string => text.replace(/[\s().-]/gu, '');
  return digits(one) === digits(other_);
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}
