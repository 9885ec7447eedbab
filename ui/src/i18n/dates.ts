import type { Timestamp } from '../contract';
import { m } from '../paraglide/messages';
import { formatTag } from './locale.svelte';
import { clockTime, dayKey } from './time';

const dayLength = 24 * 3_600_000;

/** `12 November`, with the year where it is another one. */
export function longDate(at: Timestamp, now: Timestamp): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(formatTag(), {
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
}

/** `12:30:04`. */
export function clockSeconds(at: Timestamp): string {
  return new Intl.DateTimeFormat(formatTag(), { timeStyle: 'medium', hourCycle: 'h23' }).format(at);
}

/** When something ends, after *until*: `13:30`, `tomorrow at 08:00`, `Thu 26 Nov 08:00`. */
export function untilWords(at: Timestamp, now: Timestamp): string {
  const time = clockTime(at);
  if (dayKey(at) === dayKey(now)) return time;
  if (dayKey(at) === dayKey(now + dayLength)) return m.until_tomorrow({ time });
  const day = new Intl.DateTimeFormat(formatTag(), { weekday: 'short', day: 'numeric', month: 'short' }).format(at);
  return m.until_date({ day, time });
}

/** `112`, `112 and 144`, `112, 144 and 999`. */
export function list(words: readonly string[]): string {
  return new Intl.ListFormat(formatTag(), { type: 'conjunction' }).format(words);
}
