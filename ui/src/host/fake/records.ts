import type { CallRecord, Reason } from '../../contract';
import { people } from './sample';
import { device } from './server-sample';

const minute = 60_000;

/** What the server kept: why the sample's missed call rang nowhere, a call that was held back, one at the desk phone. */
export function records(now: number): CallRecord[] {
  return [record(now - 30 * minute, people.piet, 'callerHungUp', onDnd(now)), ...elsewhere(now)];
}

function elsewhere(now: number): CallRecord[] {
  const desk = record(now - 50 * minute, people.anna, 'answered', [
    {
      at: now - 50 * minute,
      device: device.app,
      user: 1,
      rang: true,
      cause: 'answeredElsewhere',
      params: { device: '203' },
    },
    { at: now - 50 * minute, device: device.desk, user: 1, rang: true, cause: 'answered', params: {} },
  ]);
  return [
    { ...desk, answered: now - 50 * minute + 5000, ended: now - 46 * minute, answeredBy: device.desk },
    record(
      now - 70 * minute,
      { name: null, number: '020 012 88 41', address: 'sip:0200128841@fiets.example' },
      'heldBack',
      [{ at: now - 70 * minute, device: device.app, user: 1, rang: false, cause: 'doNotDisturb', params: {} }],
    ),
  ];
}

function onDnd(now: number): Reason[] {
  const at = now - 30 * minute;
  const mine = { at, user: 1, rang: false };
  const since = String(now - 57 * minute);
  return [
    { at, rang: false, cause: 'numberLeadsTo', params: { number: '020 012 10 00', to: 'Verkoop' } },
    { ...mine, device: device.app, cause: 'doNotDisturb', params: { by: 'Linda de Vries', since } },
    { ...mine, device: device.desk, cause: 'doNotDisturb', params: {} },
    { ...mine, device: device.mobile, cause: 'forwardingPaused', params: {} },
    {
      ...mine,
      device: device.web,
      cause: 'receiveOffHere',
      params: { by: 'Linda de Vries', since: String(now - 20 * 1440 * minute) },
    },
    {
      at,
      user: 2,
      device: { kind: 'colleague', user: 2, name: 'Anna Bakker' },
      rang: true,
      cause: 'rang',
      params: { seconds: '18' },
    },
    { ...mine, device: device.shop, user: 2, rang: true, cause: 'sharedWithAvailable', params: { name: 'Anna' } },
    { at: at + 18_000, rang: false, cause: 'callerHungUp', params: { seconds: '18' } },
  ];
}

function record(started: number, from: CallRecord['from'], outcome: CallRecord['outcome'], why: Reason[]): CallRecord {
  return {
    id: `r${started}`,
    direction: 'incoming',
    from,
    dialled: '020 012 10 00',
    to: { name: 'Verkoop', number: '020 012 10 00', address: null },
    users: [1, 2],
    started,
    ended: started + 24_000,
    outcome,
    why,
  };
}
