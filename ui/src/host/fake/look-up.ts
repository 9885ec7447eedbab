import type { Colleague, HistoryEntry, LookUp, Party, TargetKind } from '../../contract';

/** What the scripted phone makes of a text in the dial field: roughly what the real one does. */
export function lookUp(text: string, history: readonly HistoryEntry[], colleagues: readonly Colleague[] = []): LookUp {
  const trimmed = text.trim();
  const kind = kindOf(trimmed);
  const dialable = kind !== 'empty' && kind !== 'name' && !trimmed.endsWith('@');
  return {
    text,
    kind,
    target: dialable ? trimmed : null,
    suggestions: kind === 'empty' ? [] : suggestions(trimmed, history, colleagues),
    problem: trimmed.endsWith('@') ? { code: 'invalidTarget', params: { target: trimmed }, details: null } : null,
  };
}

function kindOf(text: string): TargetKind {
  if (text === '') return 'empty';
  if (text === '112') return 'emergency';
  if (/^[*#]/u.test(text)) return 'code';
  if (text.includes('@')) return 'address';
  return /^[\d+][\d\s()*#.-]*$/u.test(text) ? 'number' : 'name';
}

function suggestions(
  text: string,
  history: readonly HistoryEntry[],
  colleagues: readonly Colleague[],
): LookUp['suggestions'] {
  const found = new Map<string, { party: Party; lastCall: number | null }>();
  for (const { party, startedAt } of history) {
    const key = party.address;
    if (key !== null && !found.has(key) && matches(party, text)) found.set(key, { party, lastCall: startedAt });
  }
  for (const { name, extension = '' } of colleagues) {
    const party = { name, number: extension, address: `sip:${extension}@fiets.example` };
    if (!found.has(party.address) && matches(party, text)) found.set(party.address, { party, lastCall: null });
  }
  return [...found.values()].slice(0, 6);
}

function matches(party: Party, text: string): boolean {
  const digits = text.replace(/\s/gu, '');
  return (
    (party.name?.toLowerCase().includes(text.toLowerCase()) ?? false) ||
    party.number.replace(/\s/gu, '').includes(digits)
  );
}
