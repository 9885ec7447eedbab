import type { CallRecord, HistoryEntry, Outcome, Party, PhoneView } from '../contract';
import { recordOf } from './reasons';

/** A call in the list: of this computer's history, or only kept by the server. */
export interface ListedCall extends HistoryEntry {
  /** The record, where this computer knows nothing of the call but that. */
  kept?: CallRecord;
}

/** The history with the calls that only the server knows: those of the user's other devices and those held back. */
export function listedCalls({ history, server }: PhoneView): readonly ListedCall[] {
  if (!server || server.records.length === 0) return history;
  const known = new Set(history.map((entry) => recordOf(server.records, entry)?.id));
  const others = server.records.filter(({ id, ended }) => ended !== undefined && !known.has(id)).map(listed);
  return others.length === 0 ? history : [...history, ...others].toSorted((a, b) => b.startedAt - a.startedAt);
}

function listed(record: CallRecord): ListedCall {
  return {
    id: record.id,
    account: 0,
    direction: record.direction,
    party: party(record),
    startedAt: record.started,
    answeredAt: record.answered ?? null,
    endedAt: record.ended ?? record.started,
    outcome: outcome(record),
    problem: null,
    seen: true,
    quality: null,
    kept: record,
  };
}

function party({ direction, from, to, dialled }: CallRecord): Party {
  if (direction === 'incoming') return from;
  return to ?? { name: null, number: dialled, address: dialled };
}

// Held back is never missed: nobody was to be disturbed.
function outcome({ direction, outcome: became }: CallRecord): Outcome {
  switch (became) {
    case 'answered':
      return 'answered';
    case 'noAnswer':
    case 'callerHungUp':
      return direction === 'incoming' ? 'missed' : 'noAnswer';
    case 'busy':
      return 'busy';
    case 'declined':
      return 'declined';
    case 'refused':
    case 'failed':
      return direction === 'incoming' ? 'missed' : 'failed';
    case 'heldBack':
    case 'forwarded':
    case 'unknown':
      return 'unknown';
  }
}
