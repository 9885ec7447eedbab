import type { AuditEntry, CallRecord } from '../../contract';
import { day, els, marieke, minute, owner } from './people';

export function sampleAudit(now: number): AuditEntry[] {
  const portal = { kind: 'portal' as const, address: '192.0.2.20' };
  const base = { author: marieke, from: portal };
  const entries: Omit<AuditEntry, 'id'>[] = [
    {
      ...base,
      at: now - 35 * minute,
      author: linda,
      what: 'doNotDisturb',
      before: 'off',
      after: 'on',
      forWhom: [owner(1)],
      from: { kind: 'client', name: 'Laptop of Linda', address: '192.0.2.52' },
    },
    {
      ...base,
      at: now - 3 * 60 * minute,
      what: 'outgoingCalls',
      field: 'outgoing.callMethod',
      before: 'softphone',
      after: 'deskPhone',
      forWhom: [owner(5), owner(11), owner(14)],
    },
    {
      ...base,
      at: now - 3 * 60 * minute,
      what: 'permission',
      field: 'permissions.configureIncoming',
      before: 'true',
      after: 'false',
      forWhom: [owner(5), owner(11), owner(14)],
    },
    {
      ...base,
      at: now - 4 * 60 * minute,
      author: els,
      what: 'sipSecret',
      forWhom: [owner(7)],
      from: { kind: 'portal', address: '192.0.2.33' },
    },
    {
      ...base,
      at: now - day,
      what: 'userCreated',
      after: 'Femke Jansen, 612',
      forWhom: [owner(12)],
      from: { kind: 'api', key: 'Payroll', address: '198.51.100.8' },
    },
    { ...base, at: now - day, author: els, what: 'role', before: 'receptionist', after: 'member', forWhom: [owner(7)] },
    {
      ...base,
      at: now - day,
      author: els,
      what: 'userDetails',
      field: 'extension',
      before: '618',
      after: '607',
      forWhom: [owner(7)],
    },
    {
      ...base,
      at: now - 2 * day,
      author: linda,
      what: 'doNotDisturb',
      before: 'on',
      after: 'off',
      forWhom: [owner(1)],
      from: { kind: 'deskPhone', number: '203' },
    },
  ];
  return entries.map((entry, i) => ({ ...entry, id: 100 - i }));
}

const linda = { user: 1, name: 'Linda de Vries', role: 'member' as const };

export function sampleRecords(now: number): CallRecord[] {
  const piet = { name: 'Piet Zwart', number: '06 0012 7781', address: '0600127781' };
  const at = now - 23 * minute;
  const lindaParty = { name: 'Linda de Vries', number: '601', address: '601' };
  return [
    {
      id: 'c-1',
      direction: 'incoming',
      from: piet,
      dialled: '020 012 11 01',
      to: lindaParty,
      users: [1],
      started: at,
      ended: at + 18_000,
      outcome: 'callerHungUp',
      why: [
        { at, rang: false, cause: 'numberLeadsTo', params: { number: '020 012 11 01', to: 'Linda de Vries' } },
        {
          at: at + 48,
          device: { kind: 'external', number: '06 0012 9000', name: 'Shop mobile' },
          user: 1,
          rang: true,
          cause: 'sharedWithAvailable',
          params: { name: 'Anna Bakker' },
        },
        {
          at: at + 48,
          device: { kind: 'deskPhone', account: 203, number: '203', name: 'Desk phone' },
          user: 1,
          rang: false,
          cause: 'doNotDisturb',
          params: { by: 'Linda de Vries', since: String(at - 27 * minute), until: String(at + 3 * minute) },
        },
        {
          at: at + 48,
          device: { kind: 'client', client: 'x', name: 'Laptop of Linda', web: false },
          user: 1,
          rang: false,
          cause: 'receiveOffEverywhere',
          params: { by: 'Marieke Smit', since: String(now - 19 * day), note: 'Mobile only' },
        },
        {
          at: at + 48,
          device: { kind: 'external', number: '06 0012 5530' },
          user: 1,
          rang: false,
          cause: 'forwardingPaused',
          params: {},
        },
        {
          at: at + 50,
          device: { kind: 'colleague', user: 3, name: 'Tom Hughes' },
          user: 3,
          rang: false,
          cause: 'onAnotherCall',
          params: { since: String(at - 6 * minute) },
        },
        { at: at + 18_000, rang: false, cause: 'callerHungUp', params: { seconds: '18' } },
      ],
    },
    {
      id: 'c-2',
      direction: 'outgoing',
      from: { name: 'Tom Hughes', number: '603', address: '603' },
      dialled: '06 0012 7781',
      to: piet,
      users: [3],
      started: now - 60 * minute,
      answered: now - 60 * minute + 9000,
      ended: now - 55 * minute,
      outcome: 'answered',
      answeredBy: { kind: 'external', number: '06 0012 7781' },
      why: [
        {
          at: now - 60 * minute,
          rang: true,
          cause: 'wentOut',
          params: { trunk: 'Voorbeeld Telecom', shown: '020 012 10 00' },
        },
      ],
    },
    {
      id: 'c-3',
      direction: 'incoming',
      from: { name: null, number: '', address: null },
      dialled: '020 012 11 02',
      to: { name: 'Anna Bakker', number: '602', address: '602' },
      users: [2],
      started: now - day,
      ended: now - day + 21_000,
      outcome: 'noAnswer',
      why: [
        {
          at: now - day,
          device: { kind: 'deskPhone', account: 210, number: '210', name: 'Desk phone' },
          user: 2,
          rang: true,
          cause: 'notAnswered',
          params: { seconds: '20' },
        },
      ],
    },
  ];
}
