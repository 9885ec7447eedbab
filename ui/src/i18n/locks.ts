import type { Author, CallMethod, EffectiveSettings, Lock, Me, ServerView, Timestamp } from '../contract';
import { m } from '../paraglide/messages';
import { list, longDate } from './dates';

/** What stands in a lock note: who and since when in the first sentence, then the rest. */
export interface LockWords {
  who: string;
  rest: string[];
}

/** Why *Receive incoming calls* can't be moved. */
export function receiveLock({ receive }: EffectiveSettings, lock: Lock, me: Me, now: Timestamp): LockWords {
  const all = receive.scope === 'allClients';
  const sentence = !all ? m.lock_fixed : receive.value ? m.lock_on_all : m.lock_off_all;
  return { who: whose(lock, me, now, sentence), rest: [...quote(lock), contact(lock, me)] };
}

/** Why *Make calls* and the call method can't be moved; `numbers` are those that dial all the same. */
export function makeLock(
  { make, callMethod }: EffectiveSettings,
  lock: Lock,
  me: Me,
  now: Timestamp,
  numbers: readonly string[],
): LockWords {
  const all = make.scope === 'allClients';
  const sentence = !all ? m.lock_fixed : make.value ? m.lock_set_all : m.lock_off_all;
  const means = make.value ? methodMeans(callMethod.value) : [stillWorks(numbers)];
  return { who: whose(lock, me, now, sentence), rest: [...quote(lock), ...means, contact(lock, me)] };
}

/** What works although making calls is off. */
export function stillWorks(numbers: readonly string[]): string {
  const words = { numbers: list(numbers) };
  return numbers.length === 1 ? m.lock_means_off(words) : m.lock_means_off_several(words);
}

/** Whom to ask: who wrote it or took the permission, if that is somebody else. */
export function administrator(lock: Lock, me: Me): Author | undefined {
  return [lock.contact, lock.author].find((one) => one !== undefined && one.name !== '' && one.user !== me.id);
}

function whose(lock: Lock, me: Me, now: Timestamp, sentence: typeof m.lock_fixed, nobody = m.lock_nobody): string {
  const date = longDate(lock.since, now);
  if (lock.author.user === me.id) return m.lock_self({ date });
  return lock.author.name ? sentence({ name: lock.author.name, date }) : nobody();
}

function quote({ note }: Lock): string[] {
  return note ? [m.lock_quote({ note })] : [];
}

function contact(lock: Lock, me: Me): string {
  const who = administrator(lock, me);
  return who ? m.lock_contact({ name: who.name }) : m.lock_contact_admin();
}

function methodMeans(method: CallMethod): string[] {
  if (method === 'deskPhone') return [m.lock_means_desk()];
  return method === 'mobile' ? [m.lock_means_mobile()] : [];
}

/** Why *Make calls* is off, whoever turned it off, and what works all the same. */
export function offWords(server: ServerView, now: Timestamp, numbers: readonly string[]): LockWords {
  const { me, settings } = server;
  const { make } = settings.own.effective;
  const works = stillWorks(numbers);
  if (!make.lock) return { who: offBy(server, now), rest: [works] };
  const who = whose(make.lock, me, now, m.off_admin, m.off_nobody);
  return { who, rest: [...quote(make.lock), works, contact(make.lock, me)] };
}

function offBy({ me, settings }: ServerView, now: Timestamp): string {
  const { document, effective } = settings.own;
  if (effective.make.scope !== 'allClients') return m.off_self_here();
  const { author, since } = document.outgoing.stamp;
  if (author.user === me.id || !author.name) return m.off_self_all();
  return m.off_admin({ name: author.name, date: longDate(since, now) });
}
