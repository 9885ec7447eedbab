import type { CallOutcome, CallRecord, Party, Reason } from '../../contract';
import { partyName } from '../../i18n/calls';
import { causeWords } from '../../i18n/causes';
import { deviceWord } from '../../i18n/devices';
import { m } from '../../paraglide/messages';

export function outcomeName(record: Pick<CallRecord, 'outcome' | 'ended'>): string {
  if (record.ended === undefined) return m.outcome_word_going_on();
  const names: Record<CallOutcome, () => string> = {
    answered: m.outcome_word_answered,
    forwarded: m.outcome_word_forwarded,
    noAnswer: m.outcome_word_no_answer,
    busy: m.outcome_word_busy,
    declined: m.outcome_word_declined,
    heldBack: m.outcome_word_held_back,
    callerHungUp: m.outcome_word_hung_up,
    refused: m.outcome_word_refused,
    failed: m.outcome_word_failed,
    unknown: m.outcome_word_unknown,
  };
  return ((names as Partial<typeof names>)[record.outcome] ?? names.unknown)();
}

/** `Piet Zwart, 06 0012 7781`. */
export function partyWords(party: Party): string {
  return party.name && party.number ? `${party.name}, ${party.number}` : partyName(party);
}

/** `Piet Zwart to Linda de Vries`. */
export function recordTitle(record: CallRecord): string {
  return m.records_title({ from: partyName(record.from), to: record.to ? partyName(record.to) : record.dialled });
}

/** What a step says about its device, with whose it is where that is known; nothing for a step about the call. */
export function stepTitle(reason: Reason, userName: string | undefined): string | undefined {
  if (!reason.device) return undefined;
  const device = deviceWord(reason.device);
  const named =
    userName && reason.device.kind !== 'colleague' ? m.records_device_of({ user: userName, device }) : device;
  return reason.rang ? m.records_rang({ device: named }) : m.records_silent({ device: named });
}

/** Why, told to somebody who looks after others. */
export function whyWords(reason: Reason): string {
  return causeWords(reason, undefined, Date.now());
}

/** All steps as plain text, for a mail to whoever asks. */
export function asText(
  record: CallRecord,
  time: (at: number) => string,
  nameOf: (id: number) => string | undefined,
): string {
  const steps = record.why.map((reason) => {
    const title = stepTitle(reason, reason.user === undefined ? undefined : nameOf(reason.user));
    return `${time(reason.at)}  ${title ? `${title}. ` : ''}${whyWords(reason)}`;
  });
  return [recordTitle(record), ...steps].join('\n');
}
