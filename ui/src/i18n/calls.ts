import type { CallView, CodecName, Culprit, HistoryEntry, Party, QualityWord, Security, Transport } from '../contract';
import { m } from '../paraglide/messages';
import { locale } from './locale.svelte';
import { duration } from './time';

/** What a party is called: the name, else the number, else that it is withheld. */
export function partyName(party: Party): string {
  return party.name ?? (party.number || m.number_withheld());
}

/** The name for a button that has to stay short: `Piet` for Piet Zwart. */
export function shortName(party: Party): string {
  return party.name?.split(' ')[0] ?? partyName(party);
}

/** How a call stands, in a few words. */
export function stateWord(call: CallView): string {
  const state = call.state;
  if (call.transfer) return transferWord(call.transfer);
  switch (state.kind) {
    case 'calling':
      return m.state_calling();
    case 'ringing':
      return m.state_ringing();
    case 'incoming':
      return m.state_incoming();
    case 'connecting':
      return m.state_connecting();
    case 'active':
      return m.state_active();
    case 'onHold':
      return m.state_on_hold();
    case 'theyHold':
      return m.state_they_hold();
    case 'bothHold':
      return m.state_both_hold();
    case 'reconnecting':
      return m.state_reconnecting();
    case 'ended':
      return endWord(call, state.reason);
    case 'unknown':
      return m.state_active();
  }
}

function transferWord(transfer: NonNullable<CallView['transfer']>): string {
  const name = partyName(transfer.target);
  return transfer.ringing ? m.state_transfer_ringing({ name }) : m.state_transferring({ name });
}

function endWord(call: CallView, reason: Extract<CallView['state'], { kind: 'ended' }>['reason']): string {
  switch (reason) {
    case 'there':
      return call.answeredAt === null ? m.state_ended() : m.state_ended_there({ name: partyName(call.party) });
    case 'answeredElsewhere':
      return m.state_ended_elsewhere();
    case 'transferred':
      return m.state_ended_transferred();
    case 'here':
    case 'failed':
    case 'unknown':
      return m.state_ended();
  }
}

/** What became of a call in the history, with how often where missed calls of one party are told in one row. */
export function outcomeWord(entry: HistoryEntry, times = 1): string {
  const incoming = entry.direction === 'incoming';
  switch (entry.outcome) {
    case 'answered': {
      const lasted = duration(entry.answeredAt ?? entry.startedAt, entry.endedAt);
      return incoming ? m.outcome_incoming({ duration: lasted }) : m.outcome_outgoing({ duration: lasted });
    }
    case 'missed':
      return missedWord(times);
    case 'answeredElsewhere':
      return m.outcome_elsewhere();
    case 'declined':
      return incoming ? m.outcome_declined_here() : m.outcome_declined_there();
    case 'busy':
      return m.outcome_busy();
    case 'noAnswer':
      return m.outcome_no_answer();
    case 'cancelled':
      return m.outcome_cancelled_here();
    case 'failed':
      return m.outcome_failed();
    case 'unknown':
      return m.outcome_unknown();
  }
}

function missedWord(times: number): string {
  if (times === 1) return m.outcome_missed();
  return times === 2 ? m.outcome_missed_twice() : m.outcome_missed_times({ count: times });
}

/** The one word for how a call sounds. */
export function qualityWord(word: QualityWord): string {
  switch (word) {
    case 'good':
      return m.quality_good();
    case 'fine':
    case 'unknown':
      return m.quality_fine();
    case 'fair':
      return m.quality_fair();
    case 'poor':
      return m.quality_poor();
  }
}

/** Who is to blame for poor sound, and one thing to do. */
export function culpritAdvice(culprit: Culprit | null): string {
  switch (culprit) {
    case 'microphone':
      return m.quality_microphone();
    case 'network':
      return m.quality_network();
    case 'farSide':
      return m.quality_far();
    case 'unknown':
    case null:
      return m.quality_unknown();
  }
}

/** Whether the sound is encrypted: the word, and the sentence that explains it. */
export function securityWords(security: Security): { word: string; sentence: string } | undefined {
  switch (security) {
    case 'encrypted':
      return { word: m.security_encrypted(), sentence: m.security_encrypted_long() };
    case 'keysInClear':
      return { word: m.security_clear_keys(), sentence: m.security_clear_keys_long() };
    case 'none':
      return { word: m.security_none(), sentence: m.security_none_long() };
    case 'pending':
    case 'unknown':
      return undefined;
  }
}

/** A codec as people who know it write it. */
export function codecLabel(codec: CodecName | null): string {
  const labels = { opus: 'Opus', g722: 'G.722', pcma: 'G.711 A-law', pcmu: 'G.711 µ-law', unknown: '' };
  return (codec && labels[codec]) || m.quality_not_yet();
}

/** A transport as it is chosen and shown. */
export function transportLabel(transport: Transport): string {
  const labels = {
    automatic: m.transport_automatic,
    tls: m.transport_tls,
    tcp: m.transport_tcp,
    udp: m.transport_udp,
    ws: m.transport_ws,
    wss: m.transport_wss,
    unknown: m.transport_automatic,
  };
  return labels[transport]();
}

/** A number with its decimals as the language writes them. */
export function decimal(value: number, digits: number): string {
  return value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
