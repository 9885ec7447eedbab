import type { CallRecord } from '../contract';
import { m } from '../paraglide/messages';
import { deviceWord } from './devices';
import { duration } from './time';

/** What became of a call that only the server knows. */
export function recordWord(record: CallRecord): string {
  const incoming = record.direction === 'incoming';
  switch (record.outcome) {
    case 'answered':
      return answeredWord(record);
    case 'heldBack':
      return m.outcome_held_back();
    case 'forwarded':
      return m.outcome_forwarded();
    case 'noAnswer':
    case 'callerHungUp':
      return incoming ? m.outcome_missed() : m.outcome_no_answer();
    case 'busy':
      return m.outcome_busy();
    case 'declined':
      return incoming ? m.outcome_declined_here() : m.outcome_declined_there();
    case 'refused':
    case 'failed':
      return m.outcome_failed();
    case 'unknown':
      return m.outcome_unknown();
  }
}

function answeredWord({ direction, answeredBy, answered, started, ended }: CallRecord): string {
  const lasted = duration(answered ?? started, ended ?? started);
  if (direction !== 'incoming') return m.outcome_outgoing({ duration: lasted });
  if (!answeredBy) return m.outcome_incoming({ duration: lasted });
  return m.outcome_answered_on({ device: deviceWord(answeredBy) });
}
