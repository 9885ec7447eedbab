import type {
  AccountView,
  AudioView,
  CallCapabilities,
  CallView,
  Device,
  HistoryEntry,
  Party,
  PhoneView,
  Quality,
} from '../../contract';

const minute = 60_000;

/** People that the sample talks to. */
export const people = {
  anna: { name: 'Anna Bakker', number: '602', address: 'sip:602@fiets.example' },
  piet: { name: 'Piet Zwart', number: '06 0012 7781', address: 'sip:0600127781@fiets.example' },
  tom: { name: 'Tom Hughes', number: '603', address: 'sip:603@fiets.example' },
  sophie: { name: 'Sophie Clarke', number: '608', address: 'sip:608@fiets.example' },
  priya: { name: 'Priya Nair', number: '606', address: 'sip:606@fiets.example' },
  supplier: { name: 'Wielen & Zonen', number: '030 012 8810', address: 'sip:0300128810@fiets.example' },
  stranger: { name: null, number: '020 012 88 40', address: 'sip:0200128840@fiets.example' },
  withheld: { name: null, number: '', address: null },
} satisfies Record<string, Party>;

/** A registered account. */
export function account(change: Partial<AccountView> = {}): AccountView {
  return {
    id: 1,
    settings: { domain: 'fiets.example', userName: '601', displayName: 'Linda de Vries' },
    address: '601@fiets.example',
    registration: { state: 'registered', since: 0, transport: 'tls', secure: true },
    ...change,
  };
}

/** Good sound. */
export function goodQuality(change: Partial<Quality> = {}): Quality {
  return {
    bars: 4,
    word: 'good',
    culprit: null,
    tell: false,
    mos: 4.3,
    lossPercent: 0.1,
    farLossPercent: 0,
    jitterMs: 4,
    roundTripMs: 38,
    ...change,
  };
}

/** Sound that is worth a note. */
export const fairQuality = goodQuality({
  bars: 2,
  word: 'fair',
  culprit: 'network',
  tell: true,
  mos: 3.3,
  lossPercent: 4.2,
  farLossPercent: 3.1,
  jitterMs: 41,
  roundTripMs: 210,
});

/** Which buttons do something in each state of a call. */
export function capabilities(state: CallView['state'], consulting = false): CallCapabilities {
  const kind = state.kind;
  const held = kind === 'onHold' || kind === 'bothHold';
  const up = held || kind === 'active' || kind === 'theyHold';
  return {
    answer: kind === 'incoming',
    decline: kind === 'incoming',
    hangUp: kind !== 'ended',
    mute: up && !held,
    hold: up && !held,
    resume: held,
    digits: kind === 'active',
    transfer: up,
    completeTransfer: up && consulting,
  };
}

/** A call that both talk in. */
export function call(change: Partial<CallView> & { now: number }): CallView {
  const { now, ...rest } = change;
  const made: CallView = {
    id: 1,
    account: 1,
    direction: 'incoming',
    party: people.sophie,
    calledFor: null,
    state: { kind: 'active' },
    since: now,
    startedAt: now,
    answeredAt: now,
    muted: false,
    can: capabilities({ kind: 'active' }),
    security: 'encrypted',
    codec: 'opus',
    quality: goodQuality(),
    digits: '',
    transfer: null,
    consultation: null,
    problem: null,
    ...rest,
  };
  return { ...made, can: capabilities(made.state, made.consultation?.role === 'asking') };
}

const devices: Device[] = [
  { id: 'in-laptop', name: 'Laptop microphone', kind: 'input', systemDefault: true, headset: false },
  { id: 'in-webcam', name: 'Webcam', kind: 'input', systemDefault: false, headset: false },
  { id: 'out-laptop', name: 'Laptop speakers', kind: 'output', systemDefault: true, headset: false },
  { id: 'out-desk', name: 'Desk speakers', kind: 'output', systemDefault: false, headset: false },
];

const headset: Device[] = [
  { id: 'in-headset', name: 'Jabra Evolve2 65', kind: 'input', systemDefault: false, headset: true },
  { id: 'out-headset', name: 'Jabra Evolve2 65', kind: 'output', systemDefault: false, headset: true },
];

/** Sound with a headset that was chosen, there or unplugged. */
export function audio(headsetThere: boolean): AudioView {
  const all = headsetThere ? [...devices, ...headset] : devices;
  const find = (id: string): Device | null => all.find((device) => device.id === id) ?? null;
  return {
    devices: all,
    settings: {
      microphone: { kind: 'device', id: 'in-headset', name: 'Jabra Evolve2 65' },
      speaker: { kind: 'device', id: 'out-headset', name: 'Jabra Evolve2 65' },
      ring: { kind: 'device', id: 'out-desk', name: 'Desk speakers' },
      ringtone: 'bellbird',
      noiseSuppression: true,
      echoCancellation: true,
      gainControl: true,
    },
    inUse: [
      { role: 'microphone', device: find(headsetThere ? 'in-headset' : 'in-laptop'), standsIn: !headsetThere },
      { role: 'speaker', device: find(headsetThere ? 'out-headset' : 'out-laptop'), standsIn: !headsetThere },
      { role: 'ring', device: find('out-desk'), standsIn: false },
    ],
    ringtones: [
      { id: 'bellbird', name: 'Bellbird' },
      { id: 'classic', name: 'Classic' },
      { id: 'discreet', name: 'Discreet' },
    ],
    test: { state: 'idle' },
    problem: null,
  };
}

/** Calls of today, yesterday and last week. */
export function history(now: number): HistoryEntry[] {
  let id = 0;
  const entry = (hoursAgo: number, party: Party, rest: Partial<HistoryEntry>, lasted = 0): HistoryEntry => {
    const startedAt = now - hoursAgo * 60 * minute;
    id += 1;
    return {
      id: `h${id}`,
      account: 1,
      direction: 'incoming',
      party,
      startedAt,
      answeredAt: lasted ? startedAt + 6_000 : null,
      endedAt: startedAt + (lasted || 24_000) + 6_000,
      outcome: lasted ? 'answered' : 'missed',
      problem: null,
      seen: true,
      quality: lasted ? goodQuality() : null,
      ...rest,
    };
  };
  return [
    entry(0.2, people.anna, {}, 4 * minute),
    entry(0.5, people.piet, { seen: false }),
    entry(0.6, people.piet, { seen: false }),
    entry(1.9, people.tom, { direction: 'outgoing' }, 12 * minute),
    entry(2.7, people.stranger, { outcome: 'answeredElsewhere' }),
    entry(21, people.priya, { quality: fairQuality }, 2 * minute),
    entry(22, people.supplier, { direction: 'outgoing', outcome: 'noAnswer' }),
    entry(22.4, people.sophie, {
      direction: 'outgoing',
      outcome: 'failed',
      problem: { code: 'noCodecInCommon', params: { target: '608' }, details: '488 Not Acceptable Here' },
    }),
    entry(23, people.withheld, {}),
    entry(118, people.piet, {}, 6 * minute),
    entry(240, people.piet, { direction: 'outgoing' }, 2 * minute),
  ];
}

/** A phone that was used for a while and has nothing going on. */
export function sampleView(now: number): PhoneView {
  return {
    revision: 1,
    accounts: [account()],
    defaultAccount: 1,
    accountTest: null,
    calls: [],
    history: history(now),
    missed: 0,
    lookUp: { text: '', kind: 'empty', target: null, suggestions: [], problem: null },
    connectivity: { state: 'online' },
    emergencyNumbers: ['112'],
    audio: audio(true),
    preferences: { language: 'system', theme: 'system', country: 'nl' },
    notices: [],
  };
}
