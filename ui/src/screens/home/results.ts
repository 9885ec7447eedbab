import type { LookUp, PhoneView, Presence, Timestamp } from '../../contract';
import { m } from '../../paraglide/messages';
import { partyName } from '../../i18n/calls';
import { presenceWord } from '../../i18n/presence';
import { presenceOf } from '../../state/colleagues';
import { isEmergency, makingIsOff } from '../../state/making';
import { when } from '../../i18n/time';

/** A row below the dial field that can be called. */
export interface Result {
  id: string;
  target: string;
  name: string;
  /** Whose face; nothing where only a number is known. */
  face: string | null;
  second: string;
  group: 'typed' | 'known' | 'colleague';
  /** Whether a colleague can be reached. */
  presence?: Presence;
}

/** What can be called after typing: what was typed itself, then known parties. */
export function results(answer: LookUp | undefined, view: PhoneView, now: Timestamp): Result[] {
  if (!answer) return [];
  const typed: Result[] = answer.target === null ? [] : [asTyped(answer, answer.target)];
  // With making calls off only what always dials is offered.
  if (makingIsOff(view)) return answer.kind === 'emergency' || isEmergency(view, answer.text) ? typed : [];
  const rows = known(answer, view, now);
  const colleagues = rows.filter((row) => row.group === 'colleague');
  return [...typed, ...colleagues, ...rows.filter((row) => row.group === 'known')];
}

function asTyped(answer: LookUp, target: string): Result {
  const seconds: Partial<Record<LookUp['kind'], string>> = { emergency: m.dial_emergency(), code: m.dial_code() };
  return {
    id: 'typed',
    target: answer.text,
    name: target,
    face: null,
    second: seconds[answer.kind] ?? m.dial_as_typed(),
    group: 'typed',
  };
}

function known(answer: LookUp, view: PhoneView, now: Timestamp): Result[] {
  return answer.suggestions.flatMap(({ party, lastCall }, i) => {
    if (party.address === null) return [];
    const last = lastCall === null ? '' : m.dial_last_call({ when: when(lastCall, now) });
    const number = party.name === null ? '' : party.number;
    const presence = presenceOf(view, party);
    const second = [presence && presenceWord(presence), number, last].filter(Boolean).join(' · ');
    return [
      {
        id: `known-${i}`,
        target: party.address,
        name: partyName(party),
        face: party.name,
        second,
        group: presence ? ('colleague' as const) : ('known' as const),
        ...(presence ? { presence } : {}),
      },
    ];
  });
}

/** `text` cut at the part that matches `typed`, to underline it. */
export function marked(text: string, typed: string): [before: string, match: string, after: string] {
  const at = typed === '' ? -1 : text.toLocaleLowerCase().indexOf(typed.toLocaleLowerCase());
  if (at < 0) return [text, '', ''];
  return [text.slice(0, at), text.slice(at, at + typed.length), text.slice(at + typed.length)];
}
