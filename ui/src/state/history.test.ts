import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../contract';
import { people } from '../host/fake/sample';
import { byDay, othersWith, recentParties } from './history';

const noon = new Date(2026, 10, 22, 12).getTime();
const hour = 3_600_000;
let ids = 0;

function entry(hoursAgo: number, change: Partial<HistoryEntry> = {}): HistoryEntry {
  const startedAt = noon - hoursAgo * hour;
  ids += 1;
  return {
    id: String(ids),
    account: 1,
    direction: 'incoming',
    party: people.anna,
    startedAt,
    answeredAt: null,
    endedAt: startedAt,
    outcome: 'answered',
    problem: null,
    seen: true,
    quality: null,
    ...change,
  };
}

describe('the list of calls', () => {
  it('has a heading for each day', () => {
    const days = byDay([entry(1), entry(2), entry(20)], false);
    expect(days.map((day) => day.rows.length)).toEqual([2, 1]);
  });

  it('tells calls missed from one party in a row as one', () => {
    const missed = { outcome: 'missed', party: people.piet } as const;
    const [day] = byDay([entry(1, missed), entry(2, missed), entry(3), entry(4, missed)], false);
    expect(day?.rows.map((row) => row.times)).toEqual([2, 1, 1]);
  });

  it('does not take two withheld numbers for one person', () => {
    const withheld = { outcome: 'missed', party: people.withheld } as const;
    const [day] = byDay([entry(1, withheld), entry(2, withheld)], false);
    expect(day?.rows).toHaveLength(2);
    expect(othersWith([entry(1, withheld)], entry(2, withheld))).toEqual([]);
  });

  it('shows only missed calls when asked', () => {
    expect(byDay([entry(1), entry(2, { outcome: 'answeredElsewhere' })], true)).toEqual([]);
  });

  it('offers each party once for a transfer, and nobody who withheld the number', () => {
    const parties = recentParties(
      [entry(1), entry(2), entry(3, { party: people.withheld }), entry(4, { party: people.tom })],
      6,
    );
    expect(parties).toEqual([people.anna, people.tom]);
  });
});
