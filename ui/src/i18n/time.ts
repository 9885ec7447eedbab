import type { Timestamp } from '../contract';
import { m } from '../paraglide/messages';
import { formatTag } from './locale.svelte';

const second = 1000;
const minute = 60 * second;
const dayLength = 24 * 60 * minute;

/** `11:58`. */
export function clockTime(at: Timestamp): string {
  return new Intl.DateTimeFormat(formatTag(), { hour: '2-digit', minute: '2-digit', hour12: false }).format(at);
}

/** The running time of a call: `0:21`, `12:47`, `1:02:09`. */
export function timer(since: Timestamp, now: Timestamp): string {
  const total = Math.max(0, Math.floor((now - since) / second));
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  const rest = [minutes, total % 60].map((part) => String(part).padStart(2, '0'));
  return hours > 0 ? `${hours}:${rest.join(':')}` : rest.join(':').replace(/^0/u, '');
}

/** How long something lasted, as people say it: `40 s`, `4 min`, `1 h 5 min`. */
export function duration(from: Timestamp, to: Timestamp): string {
  const seconds = Math.max(0, Math.round((to - from) / second));
  if (seconds < 60) return m.duration_seconds({ count: seconds });
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return m.duration_minutes({ count: minutes });
  return m.duration_hours({ hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}

/** A key that is the same for all moments of one local day. */
export function dayKey(at: Timestamp): string {
  const date = new Date(at);
  return `${date.getFullYear()}-${date.getMonth()}-${date.getDate()}`;
}

/** The heading over a day's calls: `Today`, `Yesterday`, `Tuesday`, `Thu 12 Nov`. */
export function dayTitle(at: Timestamp, now: Timestamp): string {
  const days = daysBetween(at, now);
  if (days === 0) return m.history_today();
  if (days === 1) return m.history_yesterday();
  return capital(days < 7 ? weekday(at) : shortDate(at, now));
}

/** A moment inside a sentence: `today at 11:42`, `on Tuesday`, `on Thu 12 Nov`. */
export function when(at: Timestamp, now: Timestamp): string {
  const days = daysBetween(at, now);
  if (days === 0) return m.when_today({ time: clockTime(at) });
  if (days === 1) return m.when_yesterday({ time: clockTime(at) });
  return days < 7 ? m.when_weekday({ day: weekday(at) }) : m.when_date({ day: shortDate(at, now) });
}

function weekday(at: Timestamp): string {
  return new Intl.DateTimeFormat(formatTag(), { weekday: 'long' }).format(at);
}

function shortDate(at: Timestamp, now: Timestamp): string {
  const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(formatTag(), {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(at);
}

// Counted from midnight to midnight, so that the hour that summer time takes does not move a day.
function daysBetween(at: Timestamp, now: Timestamp): number {
  return Math.round((midnight(now) - midnight(at)) / dayLength);
}

function midnight(at: Timestamp): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

function capital(text: string): string {
  return text.charAt(0).toLocaleUpperCase(formatTag()) + text.slice(1);
}
