import type {
  Contact,
  AccountKind,
  AccountSummary,
  ChangeRequest,
  DeviceState,
  NumberEntry,
  Organisation,
  TrunkView,
  VoipAccount,
} from '../../contract';
import { day, els, marieke, minute, owner } from './people';

type AccountLine = [number, AccountKind, number[], DeviceState, number?];
const registered = (count = 1): DeviceState => ({ kind: 'registered', count });
const desk: AccountKind = { kind: 'deskPhone', mac: '02005e1a2b3c' };
const accountLines: AccountLine[] = [
  [202, { kind: 'web' }, [1], { kind: 'notRegistered' }, 3 * day],
  [203, desk, [1], registered(), 0],
  [204, { kind: 'app' }, [1], registered(), 0],
  [210, { kind: 'deskPhone' }, [2, 3], registered(2), 0],
  [219, { kind: 'forward', number: '06 0012 9000' }, [2, 1], { kind: 'external' }, 20 * minute],
  [224, { kind: 'app' }, [3], registered(), 0],
  [231, { kind: 'deskPhone' }, [], { kind: 'notRegistered' }],
  [236, { kind: 'web' }, [6], registered(), 0],
  [240, { kind: 'deskPhone', mac: '02005e4d5e6f' }, [7], { kind: 'silent' }, 12 * minute],
  [241, { kind: 'app' }, [8], registered(), 0],
];

const kindNames = { app: 'App', web: 'Webphone', deskPhone: 'Desk phone', forward: 'Shop mobile', unknown: 'Device' };

export function sampleAccounts(now: number): AccountSummary[] {
  return accountLines.map(([id, kind, owners, state, ago]) => ({
    id,
    number: String(id),
    name: kindNames[kind.kind],
    kind,
    owners: owners.map(owner),
    state,
    ...(ago === undefined ? {} : { lastSeen: now - ago }),
    revision: 1,
  }));
}

export function wholeAccount(summary: AccountSummary, now: number): VoipAccount {
  const count = summary.state.kind === 'registered' ? summary.state.count : summary.state.kind === 'silent' ? 1 : 0;
  return {
    summary,
    authName: `v${summary.number}`,
    algorithm: summary.kind.kind === 'deskPhone' ? 'md5' : 'sha256',
    media: 'best',
    registrations: Array.from({ length: count }, (_, i) => ({
      id: `${summary.id}-${i}`,
      address: `192.0.2.${41 + i}:5061`,
      transport: 'tls',
      userAgent: 'DeskPhone/5.2 02005e1a2b3c',
      renewed: now - 19 * minute,
      expires: now + 41 * minute,
    })),
    featureEvents: true,
    ...(summary.id === 240 ? { suspectedDnd: now - 50 * minute } : {}),
    actionUrls: false,
  };
}

export function sampleNumbers(): NumberEntry[] {
  const entry = (id: number, tail: string, to?: NumberEntry['to'], toName?: string): NumberEntry => ({
    id,
    number: `+3120012${tail.replace(/\s/gu, '')}`,
    written: `020 012 ${tail}`,
    ...(to ? { to } : {}),
    ...(toName ? { toName } : {}),
    trunk: 1,
    revision: 1,
  });
  return [
    entry(1, '10 00'),
    entry(2, '11 01', { kind: 'user', user: 1 }, 'Linda de Vries'),
    entry(3, '11 02', { kind: 'user', user: 2 }, 'Anna Bakker'),
    entry(4, '12 31', { kind: 'account', account: 231 }, '231'),
    entry(5, '19 00', { kind: 'external', number: '06 0012 9000' }, '06 0012 9000'),
  ];
}

export function sampleTrunks(now: number): TrunkView[] {
  return [
    {
      id: 1,
      settings: {
        name: 'Voorbeeld Telecom',
        servers: ['sip.telecom.example'],
        transport: 'tls',
        link: { kind: 'registering', userName: 'bikes' },
        calledNumber: 'requestUri',
        outgoingFormat: 'e164',
        country: 'NL',
        callerId: 1,
        mostCalls: 20,
        active: true,
        order: 1,
      },
      health: { kind: 'up', since: now - 5 * day, millis: 18 },
      calls: 2,
      revision: 1,
    },
    {
      id: 2,
      settings: {
        name: 'Backup line',
        servers: ['192.0.2.80', '192.0.2.81'],
        transport: 'udp',
        link: { kind: 'byAddress', from: ['192.0.2.80/31'] },
        calledNumber: 'to',
        outgoingFormat: 'national',
        country: 'NL',
        active: true,
        order: 2,
      },
      health: { kind: 'down', since: now - 40 * minute, status: 503 },
      calls: 0,
      revision: 1,
    },
  ];
}

export function sampleOrganisation(): Organisation {
  return {
    id: 1,
    name: 'Voorbeeld Bikes',
    domain: 'fiets.example',
    realm: 'fiets.example',
    settings: {
      country: 'NL',
      areaCode: '020',
      timeZone: 'Europe/Amsterdam',
      language: 'nl',
      callerId: { kind: 'number', number: 1 },
      unassignedNumbers: { kind: 'user', user: 12 },
      callsFromUserAccount: true,
      retention: { recordsDays: 365, reasonsDays: 90 },
    },
    emergencyNumbers: ['112'],
    revision: 1,
  };
}

export function sampleRequests(now: number): ChangeRequest[] {
  return [
    {
      id: 1,
      user: owner(3),
      extension: '603',
      at: now - 103 * minute,
      asked: {
        direction: 'outgoing',
        wish: { on: true, callMethod: 'softphone' },
        text: 'I am covering for Joost this week and have to ring customers back about their repairs.',
      },
      setBy: { author: marieke, since: now - 19 * day, note: 'Mobile only' },
      lockedWith: 0,
      state: { kind: 'open' },
      revision: 1,
    },
    {
      id: 2,
      user: owner(1),
      extension: '601',
      at: now - 19 * 60 * minute,
      asked: {
        direction: 'incoming',
        wish: { on: true },
        text: 'On Thursdays I work from home, and the desk phone stays at the shop.',
      },
      setBy: { author: marieke, since: now - 10 * day },
      lockedWith: 3,
      state: { kind: 'open' },
      revision: 1,
    },
    {
      id: 3,
      user: owner(14),
      extension: '614',
      at: now - 4 * day,
      asked: { direction: 'outgoing', wish: { callMethod: 'softphone' }, text: '' },
      lockedWith: 0,
      state: { kind: 'permitted', stamp: { author: els, since: now - 3 * day } },
      revision: 2,
    },
    {
      id: 4,
      user: owner(13),
      extension: '613',
      at: now - 6 * day,
      asked: { direction: 'incoming', wish: { on: false }, text: '' },
      lockedWith: 0,
      state: {
        kind: 'declined',
        stamp: { author: marieke, since: now - 5 * day, note: 'You are at reception until Friday.' },
      },
      revision: 2,
    },
  ];
}

export function sampleContacts(): Contact[] {
  const personal = {
    employer: 'Wheel Works',
    job: 'Buyer',
    numbers: [{ label: 'mobile', number: '06 0012 9911' }],
    description: '',
  };
  return [{ id: 1, firstName: 'Ruben', lastName: 'Mulder', email: 'ruben@wheel.example', personal, revision: 1 }];
}
