import type { Cause, DeviceName, Reason } from '../contract';
import { m } from '../paraglide/messages';
import { clockTime } from './time';

type Params = Reason['params'];

// Why a device rang or did not, one sentence for every cause. The compiler asks for each new one.
const sentences: Record<Cause, (params: Params) => string> = {
  rang: (p) => (p['seconds'] ? m.cause_rang_for({ seconds: p['seconds'] }) : m.cause_rang()),
  answered: () => m.cause_answered(),
  answeredElsewhere: (p) => m.cause_answered_elsewhere({ device: p['device'] ?? m.cause_other_device() }),
  declined: () => m.cause_declined(),
  busyHere: () => m.cause_busy(),
  notAnswered: (p) => (p['seconds'] ? m.cause_not_answered_for({ seconds: p['seconds'] }) : m.cause_not_answered()),
  callerHungUp: (p) =>
    p['seconds'] ? m.cause_caller_hung_up_after({ seconds: p['seconds'] }) : m.cause_caller_hung_up(),
  noResponse: () => m.cause_no_response(),
  doNotDisturb: (p) =>
    p['until'] ? m.cause_dnd_until({ by: by(p), until: at(p['until']) }) : m.cause_dnd({ by: by(p) }),
  forwardingPaused: () => m.cause_forwarding_paused(),
  sharedWithAvailable: (p) => m.cause_shared({ name: p['name'] ?? m.server_somebody() }),
  sharedAllOnDnd: () => m.cause_shared_all_dnd(),
  receiveOffHere: (p) => m.cause_receive_off_here({ by: by(p) }),
  receiveOffEverywhere: (p) =>
    p['note'] ? m.cause_receive_off_note({ by: by(p), note: p['note'] }) : m.cause_receive_off({ by: by(p) }),
  onAnotherCall: (p) => (p['since'] ? m.cause_on_call_since({ since: at(p['since']) }) : m.cause_on_call()),
  notAvailable: (p) => m.cause_not_available({ by: by(p) }),
  reachedElsewhere: (p) => m.cause_reached_elsewhere({ at: p['at'] ?? m.cause_other_device() }),
  colleaguesElsewhere: (p) => m.cause_colleagues_elsewhere({ at: p['at'] ?? m.cause_other_device() }),
  notRegistered: () => m.cause_not_registered(),
  noDevice: () => m.cause_no_device(),
  forwardedAlways: (p) => m.cause_forwarded_always({ to: to(p) }),
  forwardedBusy: (p) => m.cause_forwarded_busy({ to: to(p) }),
  forwardedNoAnswer: (p) => m.cause_forwarded_no_answer({ to: to(p) }),
  forwardedUnreachable: (p) => m.cause_forwarded_unreachable({ to: to(p) }),
  linkedNumber: () => m.cause_linked_number(),
  networkUnavailability: () => m.cause_network_unavailability(),
  destinationIfNoAnswer: (p) => m.cause_destination({ to: to(p) }),
  numberLeadsTo: (p) => m.cause_number_leads({ number: p['number'] ?? '', to: to(p) }),
  numberUnassigned: (p) => m.cause_number_unassigned({ number: p['number'] ?? '', to: to(p) }),
  userDisabled: (p) => m.cause_user_disabled({ by: by(p) }),
  makingCallsOff: (p) => m.cause_making_off({ by: by(p) }),
  emergency: () => m.cause_emergency(),
  emergencyCallBack: () => m.cause_emergency_call_back(),
  transferRecall: (p) => m.cause_transfer_recall({ from: p['from'] ?? m.server_somebody() }),
  movedHere: () => m.cause_moved_here(),
  callMethod: (p) => m.cause_call_method({ target: p['target'] ?? '' }),
  otherDeviceAsked: () => m.cause_other_device_asked(),
  loop: () => m.cause_loop(),
  noCodecInCommon: () => m.cause_no_codec(),
  deviceRefused: (p) => m.cause_device_refused({ status: p['status'] ?? '' }),
  suspectedDeviceDnd: () => m.cause_suspected_dnd(),
  noTrunk: () => m.cause_no_trunk(),
  trunkRefused: (p) => m.cause_trunk_refused({ trunk: p['trunk'] ?? '', status: p['status'] ?? '' }),
  wentOut: (p) => m.cause_went_out({ trunk: p['trunk'] ?? '', shown: p['shown'] ?? m.number_withheld() }),
  unknownNumber: (p) => m.cause_unknown_number({ number: p['number'] ?? '' }),
  tooManyCalls: (p) => m.cause_too_many_calls({ most: p['most'] ?? '' }),
  serverRestarted: () => m.cause_server_restarted(),
  unknown: () => m.cause_unknown(),
};

/** Every cause that the server gives. */
export const causes = Object.keys(sentences) as Cause[];

/** Why, in one sentence. */
export function causeWords({ cause, params }: Pick<Reason, 'cause' | 'params'>): string {
  return ((sentences as Partial<typeof sentences>)[cause] ?? sentences.unknown)(params);
}

/** A device as people name it. */
export function deviceWords(device: DeviceName): string {
  switch (device.kind) {
    case 'client':
      return device.name;
    case 'deskPhone':
      return m.device_named({ name: device.name, number: device.number });
    case 'external':
      return device.name ? m.device_named({ name: device.name, number: device.number }) : device.number;
    case 'colleague':
      return device.name;
    case 'unknown':
      return m.cause_other_device();
  }
}

function by(params: Params): string {
  return params['by'] ?? m.server_somebody();
}
function to(params: Params): string {
  return params['to'] ?? m.cause_somewhere();
}
function at(millis: string): string {
  return clockTime(Number(millis));
}
