import type {
  AccountSummary,
  Author,
  Mode,
  Owner,
  Presence,
  Role,
  Telephony,
  UserDetail,
  UserRow,
  UserSecurity,
} from '../../contract';

export const day = 86_400_000;
export const minute = 60_000;

/** Author of what administrators wrote. */
export const marieke: Author = { user: 4, name: 'Marieke Smit', role: 'admin' };
export const els: Author = { user: 10, name: 'Els Hoekstra', role: 'accountManagement' };

type Line = [number, string, string, string, string, Role, string, Presence?];
const lines: Line[] = [
  [1, 'Linda', 'de Vries', 'linda', '601', 'member', '2025-02-03', 'available'],
  [2, 'Anna', 'Bakker', 'anna.bakker', '602', 'member', '2025-02-03', 'onCall'],
  [3, 'Tom', 'Hughes', 'tom.hughes', '603', 'member', '2025-02-03', 'available'],
  [4, 'Marieke', 'Smit', 'marieke', '604', 'admin', '2025-02-03', 'available'],
  [5, 'Joost', 'van den Berg', 'joost', '605', 'member', '2025-02-03', 'doNotDisturb'],
  [6, 'Priya', 'Nair', 'priya.nair', '606', 'callDetails', '2025-09-01'],
  [7, 'Daan', 'Visser', 'daan.visser', '607', 'member', '2025-02-03', 'notAvailable'],
  [8, 'Sophie', 'Clarke', 'sophie.clarke', '608', 'member', '2025-05-05', 'available'],
  [9, 'Mohammed', 'El Amrani', 'mohammed', '609', 'member', '2025-03-17'],
  [10, 'Els', 'Hoekstra', 'els.hoekstra', '610', 'accountManagement', '2025-02-03', 'available'],
  [11, 'Ruben', 'Mulder', 'ruben.mulder', '611', 'member', '2025-02-03'],
  [12, 'Femke', 'Jansen', 'femke.jansen', '612', 'receptionist', '2026-11-19', 'available'],
  [13, 'George', 'Whitfield', 'george.whitfield', '613', 'receptionist', '2026-04-21', 'ringing'],
  [14, 'Yara', 'Peeters', 'yara.peeters', '614', 'member', '2026-08-30', 'available'],
  [15, 'Bram', 'Kuipers', 'bram.kuipers', '615', 'member', '2025-06-02'],
  [17, 'Bastiaan', 'Prins', 'bastiaan.prins', '617', 'receptionist', '2025-10-14', 'available'],
  [23, 'Sebastian', 'Cole', 'sebastian.cole', '623', 'receptionist', '2026-01-12', 'available'],
];

/** The people of the sample organisation, whole. */
export function samplePeople(now: number, accounts: AccountSummary[]): UserDetail[] {
  return lines.map((line) => person(line, now, accounts));
}

function person(
  [id, firstName, lastName, mail, extension, role, created, presence]: Line,
  now: number,
  accounts: AccountSummary[],
): UserDetail {
  const row: UserRow = {
    id,
    firstName,
    lastName,
    email: `${mail}@fiets.example`,
    extension,
    role,
    created: Date.parse(created),
    disabled: id === 15,
    presence: presence ?? 'noPhone',
    revision: 1,
  };
  const stamp = { author: marieke, since: now - 19 * day };
  const incoming: Mode = id === 17 ? 'enabled' : id === 1 ? 'disabled' : 'individual';
  const outgoing: Mode = id === 12 || id === 13 || id === 3 ? 'enabled' : 'individual';
  return {
    user: row,
    login: row.email,
    personal: {
      employer: 'Voorbeeld Bikes',
      job: role === 'receptionist' ? 'Receptionist' : '',
      numbers: id === 1 ? [{ label: 'mobile', number: '06 0012 5530' }] : [],
      description: '',
    },
    telephony: telephony(id),
    numbers: [],
    availability: {
      availability:
        id === 7 ? { kind: 'notAvailable', until: now + day } : { kind: 'available', at: { kind: 'allDevices' } },
      stamp: { author: { user: id, name: `${firstName} ${lastName}`, role }, since: now - 2 * day },
    },
    dnd: { state: {}, on: id === 5, receipts: [] },
    incoming: { revision: 3, mode: incoming, stamp },
    outgoing: { revision: 5, mode: outgoing, callMethod: id === 3 ? 'mobile' : 'softphone', stamp },
    clients: id === 1 ? [laptop(now)] : [],
    permissions: { configureIncoming: id !== 1, configureOutgoing: id !== 17 && id !== 23 && id !== 3, stamp },
    accounts: accounts.filter((account) => account.owners.some((owner) => owner.id === id)),
    security: security(),
    lastLogIn: now - 3 * 3600_000,
    apiKeys: id === 4 ? [{ id: 1, name: 'Payroll', created: now - 40 * day, lastUsed: now - day }] : [],
  };
}

function laptop(now: number): UserDetail['clients'][number] {
  const lock = { author: marieke, since: now - 19 * day, contact: marieke };
  return {
    settings: {
      client: '5a1f6c1e-0000-4000-8000-000000000001',
      values: { receive: true },
      effective: {
        receive: { value: false, scope: 'allClients', lock },
        make: { value: true, scope: 'thisClient' },
        callMethod: { value: 'softphone', scope: 'thisClient' },
      },
    },
    name: 'Laptop of Linda',
    web: false,
    version: '0.3.0',
    since: now - 60 * day,
  };
}

export function telephony(id = 0): Telephony {
  return {
    callerId: { kind: 'accountDefault' },
    ...(id === 1 ? { numberForColleagues: { kind: 'account', account: 203 } } : {}),
    callsFromUserAccount: true,
    ringSeconds: 20,
    noAnswer: id === 1 ? { kind: 'user', user: 2 } : { kind: 'hangUp' },
    callWaiting: id !== 3,
    forwarding: id === 1 ? { busy: { active: false, to: { kind: 'external', number: '06 0012 5530' } } } : {},
    autoAnswer: false,
  };
}

export function security(): UserSecurity {
  return { language: 'en', passwordChangeNeeded: false, idleLogOut: true, disabled: false };
}

export const owner = (id: number): Owner => {
  const line = lines.find(([other]) => other === id);
  return { id, name: line ? `${line[1]} ${line[2]}` : '' };
};
