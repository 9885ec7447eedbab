import type { Language, PhoneView, Theme } from '../../contract';
import type { Host } from '../host';
import { FakePhone } from './phone';
import { serverScenes } from './server-scenes';
import { account, audio, call, fairQuality, people, sampleView } from './sample';

const minute = 60_000;

/** Where the scripted phone can start, by name. */
export const scenes: Record<string, (now: number) => Partial<PhoneView>> = {
  ...serverScenes,
  home: () => ({}),
  first: () => ({ accounts: [], defaultAccount: null, history: [] }),
  empty: () => ({ history: [] }),
  missed: () => ({ missed: 2 }),
  offline: (now) => ({
    connectivity: { state: 'offline', since: now - 4 * minute },
    accounts: [
      account({
        registration: {
          state: 'failed',
          since: now - 4 * minute,
          problem: { code: 'offline', params: {}, details: null },
          retryAt: now + 8000,
        },
      }),
    ],
  }),
  refused: (now) => ({ accounts: [refused(now)] }),
  accounts: (now) => ({
    accounts: [
      account(),
      {
        ...refused(now),
        id: 2,
        settings: { domain: 'voip.example', userName: 'linda' },
        address: 'linda@voip.example',
      },
    ],
  }),
  incoming: (now) => ({
    calls: [
      call({
        now: now - 4000,
        party: people.piet,
        calledFor: { name: 'Verkoop', number: '020 012 10 00', address: null },
        state: { kind: 'incoming', waiting: false },
        answeredAt: null,
        quality: null,
      }),
    ],
  }),
  waiting: (now) => ({
    calls: [
      call({ now: now - 5 * minute }),
      call({
        now: now - 3000,
        id: 2,
        party: people.stranger,
        state: { kind: 'incoming', waiting: true },
        answeredAt: null,
        quality: null,
      }),
    ],
  }),
  calling: (now) => ({
    calls: [
      call({
        now: now - 2000,
        direction: 'outgoing',
        party: people.anna,
        state: { kind: 'ringing', earlyMedia: false },
        answeredAt: null,
        quality: null,
      }),
    ],
  }),
  call: (now) => ({ calls: [call({ now: now - 12.8 * minute })] }),
  held: (now) => ({ calls: [call({ now: now - 3 * minute, state: { kind: 'onHold' } })] }),
  two: (now) => ({
    calls: [
      call({ now: now - 3.2 * minute, id: 2, party: people.piet, state: { kind: 'onHold' } }),
      call({ now: now - 12.8 * minute, muted: true, quality: fairQuality }),
    ],
  }),
  ask: (now) => ({
    calls: [
      call({
        now: now - 38_000,
        party: people.piet,
        state: { kind: 'onHold' },
        consultation: { role: 'waiting', call: 2 },
      }),
      call({
        now: now - 21_000,
        id: 2,
        direction: 'outgoing',
        party: people.anna,
        consultation: { role: 'asking', call: 1 },
      }),
    ],
  }),
  ended: (now) => ({
    calls: [
      call({
        now: now - 1000,
        direction: 'outgoing',
        party: people.tom,
        answeredAt: null,
        state: {
          kind: 'ended',
          reason: 'failed',
          problem: { code: 'busy', params: { target: 'Tom Hughes' }, details: '486 Busy Here' },
        },
      }),
    ],
  }),
  unplugged: (now) => ({
    audio: audio(false),
    notices: [
      {
        id: 1,
        at: now - 5000,
        problem: {
          code: 'deviceLost',
          params: { device: 'Jabra Evolve2 65', inUse: 'Laptop speakers', role: 'speaker' },
          details: null,
        },
      },
    ],
  }),
};

/** A scripted phone in the scene, language and theme that the page's address names: `?scene=incoming&lang=nl&theme=dark`. */
export function hostFromAddress(): Host {
  const address = new URLSearchParams(location.search);
  const now = Date.now();
  const view = sampleView(now);
  const phone = new FakePhone({
    ...view,
    ...scenes[address.get('scene') ?? 'home']?.(now),
    preferences: {
      ...view.preferences,
      language: (address.get('lang') ?? 'system') as Language,
      theme: (address.get('theme') ?? 'system') as Theme,
    },
  });
  if (!address.has('still')) babble(phone);
  return phone;
}

// Levels that move like speech, while somebody could see them.
function babble(phone: FakePhone): void {
  setInterval(() => {
    if (phone.view.calls.length === 0 && phone.view.audio.test.state === 'idle') return;
    const wave = 0.45 + 0.3 * Math.sin(Date.now() / 170) * Math.sin(Date.now() / 610);
    phone.sound({ microphone: wave, speaker: 0.8 - wave, ring: 0 });
  }, 50);
}

function refused(now: number): ReturnType<typeof account> {
  return account({
    registration: {
      state: 'failed',
      since: now - minute,
      problem: { code: 'wrongPassword', params: { address: '601@fiets.example' }, details: '403 Forbidden' },
      retryAt: null,
    },
  });
}
