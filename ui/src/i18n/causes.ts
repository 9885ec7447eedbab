import type { Cause, Me, Reason, Timestamp } from '../contract';
import { m } from '../paraglide/messages';
import { begin } from './problems';
import { when } from './time';

/** What a cause's words need besides its params. */
interface Context {
  p: Reason['params'];
  me: Me;
  now: Timestamp;
}

// Words for every cause. The compiler asks for each new one.
const sentences: Record<Cause, (context: Context) => string> = {
  rang: ({ p }) => (p['seconds'] ? m.cause_rang_seconds({ seconds: p['seconds'] }) : m.cause_rang()),
  answered: () => m.cause_answered(),
  answeredElsewhere: ({ p }) => m.cause_answered_elsewhere({ device: p['device'] ?? m.cause_another_phone() }),
  declined: () => m.cause_declined(),
  busyHere: () => m.cause_busy(),
  notAnswered: ({ p }) =>
    p['seconds'] ? m.cause_not_answered({ seconds: p['seconds'] }) : m.cause_not_answered_bare(),
  callerHungUp: ({ p }) => (p['seconds'] ? m.cause_hung_up({ seconds: p['seconds'] }) : m.cause_hung_up_bare()),
  noResponse: () => m.cause_no_response(),
  doNotDisturb: (c) => byWhom(c, m.cause_dnd_by, m.cause_dnd),
  forwardingPaused: () => m.cause_paused(),
  sharedWithAvailable: ({ p }) => m.cause_shared({ name: p['name'] ?? m.cause_a_colleague() }),
  sharedAllOnDnd: () => m.cause_shared_dnd(),
  receiveOffHere: (c) => byWhom(c, m.cause_off_here_by, m.cause_off_here),
  receiveOffEverywhere: (c) => byWhom(c, m.cause_off_all_by, m.cause_off_all),
  onAnotherCall: () => m.cause_other_call(),
  notAvailable: (c) => byWhom(c, m.cause_away_by, m.cause_away),
  reachedElsewhere: ({ p }) => m.cause_elsewhere({ at: p['at'] ?? m.cause_another_phone() }),
  colleaguesElsewhere: ({ p }) => m.cause_elsewhere_colleagues({ at: p['at'] ?? m.cause_another_phone() }),
  notRegistered: ({ p, now }) =>
    p['lastSeen'] ? m.cause_unregistered_since({ when: when(Number(p['lastSeen']), now) }) : m.cause_unregistered(),
  noDevice: () => m.cause_no_device(),
  forwardedAlways: ({ p }) => m.cause_forward_all({ to: to(p) }),
  forwardedBusy: ({ p }) => m.cause_forward_busy({ to: to(p) }),
  forwardedNoAnswer: ({ p }) => m.cause_forward_unanswered({ to: to(p) }),
  forwardedUnreachable: ({ p }) => m.cause_forward_unreachable({ to: to(p) }),
  linkedNumber: ({ p }) => m.cause_linked({ number: p['number'] ?? '' }),
  networkUnavailability: ({ p }) => m.cause_network({ number: number(p) }),
  destinationIfNoAnswer: ({ p }) => m.cause_no_answer_to({ to: to(p) }),
  numberLeadsTo: ({ p }) => m.cause_leads({ number: number(p), to: to(p) }),
  numberUnassigned: ({ p }) => m.cause_unassigned({ number: number(p), to: to(p) }),
  userDisabled: (c) => byWhom(c, m.cause_disabled_by, m.cause_disabled),
  makingCallsOff: (c) => byWhom(c, m.cause_making_off_by, m.cause_making_off),
  emergency: () => m.cause_emergency(),
  emergencyCallBack: () => m.cause_emergency_back(),
  transferRecall: ({ p }) => m.cause_recall({ from: p['from'] ?? m.cause_by_somebody() }),
  movedHere: () => m.cause_moved(),
  callMethod: ({ p }) => m.cause_method({ target: p['target'] ?? m.cause_by_somebody() }),
  otherDeviceAsked: () => m.cause_one_device(),
  loop: () => m.cause_loop(),
  noCodecInCommon: () => m.cause_codec(),
  deviceRefused: () => m.cause_refused(),
  suspectedDeviceDnd: () => m.cause_suspected(),
  noTrunk: () => m.cause_no_trunk(),
  trunkRefused: () => m.cause_trunk_refused(),
  wentOut: ({ p }) => m.cause_went_out({ trunk: p['trunk'] ?? m.cause_the_outside() }),
  unknownNumber: ({ p }) => m.cause_unknown_number({ number: p['number'] ?? '' }),
  tooManyCalls: () => m.cause_too_many(),
  serverRestarted: () => m.cause_restarted(),
  unknown: () => m.cause_unknown(),
};

/** Every cause there are words for. */
export const causes = Object.keys(sentences) as Cause[];

/** Why a device rang or did not; a cause from a newer server gets the words for what has none. */
export function causeWords({ cause, params }: Pick<Reason, 'cause' | 'params'>, me: Me, now: Timestamp): string {
  return begin((sentences[cause] ?? sentences.unknown)({ p: params, me, now }));
}

function byWhom({ p, me, now }: Context, named: typeof m.cause_dnd_by, bare: typeof m.cause_dnd): string {
  if (!p['by'] || !p['since']) return bare();
  const mine = p['by'] === `${me.firstName} ${me.lastName}`.trim();
  return named({ by: mine ? m.cause_by_you() : p['by'], when: when(Number(p['since']), now) });
}

function to(p: Reason['params']): string {
  return p['to'] ?? m.cause_another_phone();
}

function number(p: Reason['params']): string {
  return p['number'] ?? m.cause_that_number();
}
