import type { DndPanel, Timestamp } from '../../contract';

const minute = 60_000;
const dayLength = 1440 * minute;
/** How far a clock and a server may be apart. */
const slack = 90_000;

/** What can be pressed to say how long. */
export type EndChoice = '30' | '60' | 'tomorrow' | 'at';

/** Which of the choices gives the end that holds; nothing where it has none. */
export function chosenEnd({ since, until }: DndPanel): EndChoice | undefined {
  if (until === undefined) return undefined;
  const lasts = since === undefined ? 0 : until - since;
  if (near(lasts, 30 * minute)) return '30';
  if (near(lasts, 60 * minute)) return '60';
  return isTomorrowMorning(until, since ?? until) ? 'tomorrow' : 'at';
}

/** The next moment at which a clock shows `time` (`17:30`), or nothing where that is no time. */
export function nextTime(time: string, now: Timestamp): Timestamp | undefined {
  const [hours, minutes] = time.split(':').map(Number);
  if (time === '' || hours === undefined || minutes === undefined) return undefined;
  const today = new Date(now).setHours(hours, minutes, 0, 0);
  if (Number.isNaN(today)) return undefined;
  return today > now ? today : new Date(today).setDate(new Date(today).getDate() + 1);
}

function near(one: number, other: number): boolean {
  return Math.abs(one - other) < slack;
}

function isTomorrowMorning(until: Timestamp, since: Timestamp): boolean {
  const end = new Date(until);
  const next = new Date(since + dayLength);
  return end.getHours() === 8 && end.getMinutes() === 0 && end.getDate() === next.getDate();
}
