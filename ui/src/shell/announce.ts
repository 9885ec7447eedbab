import type { CallId, CallView, EffectiveSettings, ServerView, Timestamp } from '../contract';
import { partyName, stateWord } from '../i18n/calls';
import { methodWord } from '../i18n/devices';
import { dndNote } from '../i18n/dnd';
import { inWords } from '../i18n/problems';
import { m } from '../paraglide/messages';

/** What is said of a call, kept to tell what changed. */
export interface Said {
  state: string;
  muted: boolean;
  problem: string;
}

/** What readers hear about a call that rings here. */
export function ringSentence(call: CallView): string {
  const name = partyName(call.party);
  return call.calledFor ? m.incoming_from_for({ name, target: partyName(call.calledFor) }) : m.incoming_from({ name });
}

/** How each call stands in words; a ringing one has its own, louder sentence. */
export function sayings(calls: readonly CallView[]): Map<CallId, Said> {
  return new Map(calls.filter((call) => call.state.kind !== 'incoming').map((call) => [call.id, saying(call)]));
}

/** What is different from before, as sentences, and nothing for what stays as it was. */
export function changes(before: Map<CallId, Said>, after: Map<CallId, Said>): string[] {
  return [...after].flatMap(([id, now]) => {
    const then = before.get(id);
    return [
      ...(now.state !== then?.state ? [now.state] : []),
      ...(now.problem && now.problem !== then?.problem ? [now.problem] : []),
      ...(then && now.muted !== then.muted ? [now.muted ? m.said_muted() : m.said_unmuted()] : []),
    ];
  });
}

function saying(call: CallView): Said {
  const problem = call.state.kind === 'ended' ? call.state.problem : call.problem;
  return {
    state: m.said_state({ name: partyName(call.party), state: stateWord(call) }),
    muted: call.muted,
    problem: problem ? inWords(problem) : '',
  };
}

/** What others changed in the user's settings, as sentences; the user's own acts are no news. */
export function settingsNews(before: ServerView, after: ServerView): string[] {
  const then = before.settings.own.effective;
  const { effective: now, document } = after.settings.own;
  const incoming = now.receive.lock?.author ?? document.incoming.stamp.author;
  const outgoing = now.make.lock?.author ?? document.outgoing.stamp.author;
  return [
    ...(incoming.user === after.me.id ? [] : receiveNews(then, now, incoming.name)),
    ...(outgoing.user === after.me.id ? [] : makeNews(then, now, outgoing.name)),
    ...permissionNews(then, now),
  ];
}

function receiveNews(
  { receive: then }: EffectiveSettings,
  { receive: now }: EffectiveSettings,
  name: string,
): string[] {
  if (then.value !== now.value) return [now.value ? m.said_receive_on({ name }) : m.said_receive_off({ name })];
  return now.lock && !then.lock ? [m.said_receive_locked({ name })] : [];
}

function makeNews(then: EffectiveSettings, now: EffectiveSettings, name: string): string[] {
  if (then.make.value !== now.make.value)
    return [now.make.value ? m.said_make_on({ name }) : m.said_make_off({ name })];
  if (then.callMethod.value !== now.callMethod.value)
    return [m.said_method({ name, method: methodWord(now.callMethod.value) })];
  return now.make.lock && !then.make.lock ? [m.said_make_locked({ name })] : [];
}

function permissionNews(then: EffectiveSettings, now: EffectiveSettings): string[] {
  return [
    ...(then.receive.lock && !now.receive.lock ? [m.said_receive_unlocked()] : []),
    ...(then.make.lock && !now.make.lock ? [m.said_make_unlocked()] : []),
  ];
}

/** Whether Do not disturb was turned on or off, in a sentence. */
export function dndNews(before: ServerView, after: ServerView, now: Timestamp): string[] {
  if (before.dnd.on === after.dnd.on) return [];
  return [after.dnd.on ? dndNote({ ...after.dnd, pending: false }, now) : m.dnd_said_off()];
}
