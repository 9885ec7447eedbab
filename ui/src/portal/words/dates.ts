import type { Timestamp } from '../../contract';
import { formatTag } from '../../i18n/locale.svelte';
import { clockTime } from '../../i18n/time';

/** `3 Feb 2025`. */
export function longDate(at: Timestamp): string {
  return new Intl.DateTimeFormat(formatTag(), { day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

/** `3 Feb 2025, 14:02`. */
export function dateTime(at: Timestamp): string {
  return `${longDate(at)}, ${clockTime(at)}`;
}

/** `11:42:08`. */
export function clockSeconds(at: Timestamp): string {
  return new Intl.DateTimeFormat(formatTag(), { timeStyle: 'medium', hour12: false }).format(at);
}
