import type {
  AccountSummary,
  Author,
  Colleague,
  EffectiveSettings,
  Lock,
  Receipt,
  ServerView,
  SettingsView,
  Stamp,
  Telephony,
} from '../../contract';

const minute = 60_000;
const day = 1440 * minute;

export const marieke: Author = { user: 7, name: 'Marieke Smit', role: 'admin' };
export const linda: Author = { user: 1, name: 'Linda de Vries', role: 'member' };

/** The user's devices by name. */
export const device = {
  app: { kind: 'client', client: 'c1', name: 'Bellbird op Windows', web: false },
  web: { kind: 'client', client: 'c2', name: 'Firefox op Linux', web: true },
  desk: { kind: 'deskPhone', account: 11, number: '203', name: 'Balie' },
  mobile: { kind: 'external', number: '06 0012 5530' },
  shop: { kind: 'external', number: '06 0012 9000', name: 'Winkelmobiel' },
} satisfies Record<string, Receipt['device']>;

/** What each device made of Do not disturb: one of each kind. */
export function receipts(now: number): Receipt[] {
  return [
    { device: device.app, state: { kind: 'applied', at: now - 60_000 } },
    { device: device.web, state: { kind: 'pending', since: now - 60_000 } },
    { device: device.desk, state: { kind: 'applied', at: now - 59_000 } },
    { device: device.mobile, state: { kind: 'paused' } },
    { device: device.shop, state: { kind: 'stillRings', because: { kind: 'sharedWith', name: 'Anna' } } },
    {
      device: { kind: 'deskPhone', account: 12, number: '204', name: 'Magazijn' },
      state: { kind: 'cannotBeTold', problem: 'notSupported' },
    },
  ];
}

export function stamp(author: Author, since: number, note?: string): Stamp {
  return { author, since, ...(note === undefined ? {} : { note }) };
}

/** A lock by the administrator, ten days ago. */
export function lockBy(now: number, note?: string, author: Author = marieke): Lock {
  return { ...stamp(author, now - 10 * day, note), contact: marieke };
}

/** Settings that the user may change, or what an administrator locked. */
export function settings(now: number, effective: Partial<EffectiveSettings> = {}): SettingsView {
  const by = stamp(linda, now - 30 * day);
  const holds: EffectiveSettings = {
    receive: { value: true, scope: 'allClients' },
    make: { value: true, scope: 'thisClient' },
    callMethod: { value: 'softphone', scope: 'thisClient' },
    ...effective,
  };
  return {
    own: {
      document: {
        incoming: { revision: 3, mode: 'enabled', stamp: by },
        outgoing: { revision: 4, mode: 'individual', callMethod: 'softphone', stamp: by },
        permissions: { configureIncoming: !holds.receive.lock, configureOutgoing: !holds.make.lock },
        client: {},
      },
      effective: holds,
      receipts: [{ device: device.web, state: { kind: 'applied', at: now } }],
    },
    receivePending: false,
    makePending: false,
  };
}

/** Both settings locked: no ringing here, and calls by desk phone. */
export function lockedSettings(now: number): SettingsView {
  return settings(now, {
    receive: { value: false, scope: 'allClients', lock: lockBy(now, 'Aan de balie neem je op met het vaste toestel.') },
    make: { value: true, scope: 'allClients', lock: lockBy(now) },
    callMethod: { value: 'deskPhone', scope: 'allClients', lock: lockBy(now) },
  });
}

/** Making calls locked off. */
export function callsOff(now: number): SettingsView {
  const lock: Lock = { ...lockBy(now), since: now - 19 * day };
  return settings(now, {
    make: { value: false, scope: 'allClients', lock },
    callMethod: { value: 'softphone', scope: 'allClients', lock },
  });
}

const telephony: Telephony = {
  callerId: { kind: 'accountDefault' },
  callsFromUserAccount: true,
  ringSeconds: 20,
  noAnswer: { kind: 'hangUp' },
  callWaiting: true,
  forwarding: {},
  autoAnswer: false,
};

function ownAccount(id: number, number: string, name: string, kind: AccountSummary['kind']): AccountSummary {
  const owners = [{ id: 1, name: 'Linda de Vries' }];
  return { id, number, name, kind, owners, state: { kind: 'registered', count: 1 }, revision: 1 };
}

/** The user's own accounts. */
export const accounts: AccountSummary[] = [
  ownAccount(11, '203', 'Balie', { kind: 'deskPhone' }),
  ownAccount(13, '204', 'App', { kind: 'app' }),
];

function colleague(id: number, name: string, extension: string, presence: Colleague['presence']): Colleague {
  return { id, name, extension, numbers: [], presence };
}

/** Colleagues, one in each state. */
export const colleagues: Colleague[] = [
  colleague(2, 'Anna Bakker', '602', 'onCall'),
  colleague(3, 'Tom Hughes', '603', 'available'),
  colleague(4, 'Daan Visser', '604', 'notAvailable'),
  colleague(6, 'Priya Nair', '606', 'doNotDisturb'),
  colleague(7, 'Marieke Smit', '607', 'available'),
  colleague(8, 'Sophie Clarke', '608', 'ringing'),
  colleague(9, 'Fenna Jansen', '609', 'noPhone'),
];

/** A server with a user who may change everything. */
export function serverView(now: number, change: Partial<ServerView> = {}): ServerView {
  return {
    address: 'bel.fiets.example',
    connection: { state: 'online', since: now - 60 * minute },
    organisation: { id: 1, name: 'Voorbeeld Fietsen' },
    client: 'c1',
    profilePending: false,
    me: {
      id: 1,
      organisation: { id: 1, name: 'Voorbeeld Fietsen' },
      firstName: 'Linda',
      lastName: 'de Vries',
      login: 'linda@fiets.example',
      email: 'linda@fiets.example',
      extension: '601',
      role: 'member',
      permissions: { configureIncoming: true, configureOutgoing: true },
      language: 'nl',
      timeZone: 'Europe/Amsterdam',
      utcOffsetMinutes: 60,
      passwordChangeNeeded: false,
      administers: [],
      revision: 5,
    },
    features: { dnd: true, callMethods: true, requests: true, presence: true, reasons: true },
    settings: settings(now),
    dnd: { on: false, pending: false, receipts: [] },
    availability: {
      state: { availability: { kind: 'available', at: { kind: 'allDevices' } }, stamp: stamp(linda, now - day) },
      pending: false,
    },
    telephony,
    forwardingPending: false,
    telephonyPending: false,
    requestPending: false,
    accounts,
    callMethods: [
      { method: 'softphone', ready: true },
      { method: 'deskPhone', device: '203', ready: true },
      { method: 'mobile', device: '06 0012 5530', ready: true },
    ],
    colleagues,
    requests: [],
    calls: [],
    records: [],
    ...change,
  };
}
