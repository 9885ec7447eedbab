import type { Cause, Me, Reason, Timestamp } from '../contract';
import { m } from '../paraglide/messages';
import { begin } from './problems';
import { clockTime, when } from './time';

/** In milliseconds: what ends later than this needs more than a time of day. */
const day = 86_400_000;

/** Who reads: the user that the call was for, who is addressed; without, somebody who looks after others. */
export type Reader = Pick<Me, 'firstName' | 'lastName'> | undefined;

/** What a cause's words need besides its params. */
interface Context {
  p: Reason['params'];
  me: Reader;
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
  receiveOffEverywhere: (c) =>
    c.me ? byWhom(c, m.cause_off_all_by, m.cause_off_all) : byWhom(c, m.cause_off_all_them_by, m.cause_off_all_them),
  onAnotherCall: ({ me }) => (me ? m.cause_other_call() : m.cause_other_call_them()),
  notAvailable: (c) => byWhom(c, m.cause_away_by, c.me ? m.cause_away : m.cause_away_them),
  reachedElsewhere: ({ p, me }) => (me ? m.cause_elsewhere : m.cause_elsewhere_them)({ at: at(p) }),
  colleaguesElsewhere: ({ p, me }) =>
    (me ? m.cause_elsewhere_colleagues : m.cause_elsewhere_colleagues_them)({ at: at(p) }),
  notRegistered: ({ p, now }) =>
    p['lastSeen'] ? m.cause_unregistered_since({ when: when(Number(p['lastSeen']), now) }) : m.cause_unregistered(),
  noDevice: () => m.cause_no_device(),
  forwardedAlways: ({ p }) => m.cause_forward_all({ to: to(p) }),
  forwardedBusy: ({ p }) => m.cause_forward_busy({ to: to(p) }),
  forwardedNoAnswer: ({ p }) => m.cause_forward_unanswered({ to: to(p) }),
  forwardedUnreachable: ({ p }) => m.cause_forward_unreachable({ to: to(p) }),
  linkedNumber: ({ p, me }) => (me ? m.cause_linked : m.cause_linked_them)({ number: p['number'] ?? '' }),
  networkUnavailability: ({ p }) => m.cause_network({ number: number(p) }),
  destinationIfNoAnswer: ({ p }) => m.cause_no_answer_to({ to: to(p) }),
  numberLeadsTo: ({ p }) => m.cause_leads({ number: number(p), to: to(p) }),
  numberUnassigned: ({ p }) => m.cause_unassigned({ number: number(p), to: to(p) }),
  userDisabled: (c) => byWhom(c, m.cause_disabled_by, m.cause_disabled),
  makingCallsOff: (c) => byWhom(c, m.cause_making_off_by, m.cause_making_off),
  emergency: () => m.cause_emergency(),
  emergencyCallBack: () => m.cause_emergency_back(),
  transferRecall: ({ p }) => m.cause_recall({ from: p['from'] ?? m.cause_by_somebody() }),
  movedHere: ({ me }) => (me ? m.cause_moved() : m.cause_moved_them()),
  callMethod: ({ p, me }) =>
    (me ? m.cause_method : m.cause_method_them)({ target: p['target'] ?? m.cause_by_somebody() }),
  loop: () => m.cause_loop(),
  noCodecInCommon: () => m.cause_codec(),
  deviceRefused: ({ p, me }) =>
    !me && p['status'] ? m.cause_refused_status({ status: p['status'] }) : m.cause_refused(),
  suspectedDeviceDnd: () => m.cause_suspected(),
  noTrunk: () => m.cause_no_trunk(),
  trunkRefused: ({ p, me }) =>
    !me && p['trunk'] && p['status']
      ? m.cause_trunk_refused_status({ trunk: p['trunk'], status: p['status'] })
      : m.cause_trunk_refused(),
  wentOut: ({ p, me }) => {
    const trunk = p['trunk'] ?? m.cause_the_outside();
    return !me && p['shown'] ? m.cause_went_out_shown({ trunk, shown: p['shown'] }) : m.cause_went_out({ trunk });
  },
  unknownNumber: ({ p }) => m.cause_unknown_number({ number: p['number'] ?? '' }),
  tooManyCalls: () => m.cause_too_many(),
  unknown: () => m.cause_unknown(),
};

/** Every cause there are words for. */
export const causes = Object.keys(sentences) as Cause[];

/** Why a device rang or did not; a cause from a newer server gets the words for what has none. */
export function causeWords({ cause, params }: Pick<Reason, 'cause' | 'params'>, me: Reader, now: Timestamp): string {
  return begin((sentences[cause] ?? sentences.unknown)({ p: params, me, now }));
}

function byWhom({ p, me, now }: Context, named: typeof m.cause_dnd_by, bare: typeof m.cause_dnd): string {
  if (!p['by'] || !p['since']) return bare();
  const mine = me !== undefined && p['by'] === `${me.firstName} ${me.lastName}`.trim();
  const why = named({ by: mine ? m.cause_by_you() : p['by'], when: when(Number(p['since']), now) });
  if (p['note']) return m.cause_noted({ why, note: p['note'] });
  const ends = Number(p['until']) - Number(p['since']);
  return ends > 0 && ends < day ? m.cause_until({ why, until: clockTime(Number(p['until'])) }) : why;
}

function at(p: Reason['params']): string {
  return p['at'] ?? m.cause_another_phone();
}

function to(p: Reason['params']): string {
  return p['to'] ?? m.cause_another_phone();
}

function number(p: Reason['params']): string {
  return p['number'] ?? m.cause_that_number();
}
