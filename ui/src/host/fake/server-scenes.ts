import type { PhoneView } from '../../contract';
import { refusal } from './log-in';
import { records } from './records';
import { account, call, people } from './sample';
import { callsOff, device, lockedSettings, marieke, receipts, serverView, settings, stamp } from './server-sample';

const minute = 60_000;
const day = 1440 * minute;

/** Where the scripted phone can start with a server. */
export const serverScenes: Record<string, (now: number) => Partial<PhoneView>> = {
  server: (now) => ({ server: serverView(now) }),
  dnd: (now) => ({
    server: serverView(now, {
      dnd: {
        on: true,
        since: now - minute,
        until: now + 59 * minute,
        pending: false,
        receipts: receipts(now),
      },
    }),
  }),
  locked: (now) => ({ server: serverView(now, { settings: lockedSettings(now) }) }),
  saved: (now) => ({ server: serverView(now, { settings: { ...settings(now), saved: now } }) }),
  'locked-call': (now) => ({
    calls: [call({ now: now - 2 * minute, party: people.sophie })],
    server: serverView(now, { settings: lockedSettings(now) }),
  }),
  asked: (now) => ({
    server: serverView(now, {
      settings: lockedSettings(now),
      requests: [
        {
          id: 2,
          user: { id: 1, name: 'Linda de Vries' },
          at: now - 2 * 60 * minute,
          asked: { direction: 'incoming', wish: { on: true }, text: 'Op dinsdag zit ik niet aan de balie.' },
          lockedWith: 3,
          state: { kind: 'open' },
          revision: 1,
        },
        {
          id: 1,
          user: { id: 1, name: 'Linda de Vries' },
          at: now - 2 * day,
          asked: { direction: 'outgoing', wish: { callMethod: 'softphone' }, text: '' },
          lockedWith: 0,
          state: { kind: 'declined', stamp: stamp(marieke, now - day, 'De headsets komen pas in januari.') },
          revision: 2,
        },
      ],
    }),
  }),
  'calls-off': (now) => ({ server: serverView(now, { settings: callsOff(now) }) }),
  refusal: (now) => ({
    server: serverView(now, {
      refusal: refusal('conflict', { by: 'Marieke Smit' }, 409),
    }),
  }),
  'desk-call': (now) => ({
    server: serverView(now, {
      calls: [{ id: 's1', target: people.anna, via: device.desk, state: { kind: 'ringingYou' } }],
    }),
  }),
  'logged-out': (now) => ({
    server: serverView(now, {
      connection: {
        state: 'loggedOut',
        trouble: refusal('clientRevoked', { by: 'Marieke Smit' }, 401),
      },
    }),
  }),
  why: (now) => ({ server: serverView(now, { records: records(now) }) }),
  password: (now) => {
    const server = serverView(now);
    return { server: { ...server, me: { ...server.me, passwordChangeNeeded: true } } };
  },
  'server-offline': (now) => ({
    connectivity: { state: 'offline', since: now - 3 * minute },
    accounts: [
      account({
        registration: {
          state: 'failed',
          since: now - 3 * minute,
          problem: { code: 'offline', params: {}, details: null },
          retryAt: now + 8000,
        },
      }),
    ],
    server: serverView(now, {
      connection: {
        state: 'offline',
        since: now - 3 * minute,
        retryAt: now + 8000,
        trouble: { where: 'here', problem: { code: 'offline', params: {}, details: null } },
      },
      dnd: { on: true, since: now - minute, pending: true, receipts: [] },
      settings: { ...settings(now), receivePending: true },
    }),
  }),
};
