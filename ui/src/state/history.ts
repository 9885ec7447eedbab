import type { HistoryEntry, Party, Timestamp } from '../contract';
import { dayKey } from '../i18n/time';
import type { ListedCall } from './records';

/** One row of the list: a call, or missed calls of one party after each other on one day. */
export interface HistoryRow {
  entry: ListedCall;
  /** How many calls the row stands for. */
  times: number;
}

/** The calls of one day, newest first. */
export interface HistoryDay {
  key: string;
  at: Timestamp;
  rows: HistoryRow[];
}

/** Puts calls, newest first, under their days and missed calls of one party into one row. */
export function byDay(history: readonly ListedCall[], missedOnly: boolean): HistoryDay[] {
  const days: HistoryDay[] = [];
  for (const entry of history) {
    if (missedOnly && entry.outcome !== 'missed') continue;
    const key = dayKey(entry.startedAt);
    let day = days.at(-1);
    if (day?.key !== key) days.push((day = { key, at: entry.startedAt, rows: [] }));
    const above = day.rows.at(-1);
    if (above && sameMissed(above.entry, entry)) above.times += 1;
    else day.rows.push({ entry, times: 1 });
  }
  return days;
}

/** The other calls with the party of `entry`, newest first. */
export function othersWith(history: readonly HistoryEntry[], entry: HistoryEntry): HistoryEntry[] {
  return history.filter((other) => other.id !== entry.id && sameParty(other.party, entry.party));
}

/** The last call with `party` that is over. */
export function lastWith(history: readonly HistoryEntry[], party: Party): HistoryEntry | undefined {
  return history.find((entry) => sameParty(entry.party, party));
}

/** The parties of the last calls that can be called, each once. */
export function recentParties(history: readonly HistoryEntry[], most: number): Party[] {
  const parties: Party[] = [];
  for (const { party } of history) {
    if (parties.length === most) break;
    if (party.address !== null && !parties.some((known) => sameParty(known, party))) parties.push(party);
  }
  return parties;
}

/** Whether two parties are one: a withheld number is nobody's. */
export function sameParty(one: Party, other: Party): boolean {
  if (one.address !== null || other.address !== null) return one.address === other.address;
  return one.number !== '' && one.number === other.number;
}

function sameMissed(one: HistoryEntry, other: HistoryEntry): boolean {
  return one.outcome === 'missed' && other.outcome === 'missed' && sameParty(one.party, other.party);
}
