import type { Reason } from '../contract';
import type { IconName } from '../icons/lucide';

type Tone = 'ok' | 'bad' | 'dnd' | 'warn' | 'lock' | '';

/** The icon and colour of a reason; the words beside it say the same. */
export function reasonLook({ cause, rang }: Reason): { icon: IconName; tone: Tone } {
  switch (cause) {
    case 'doNotDisturb':
    case 'sharedAllOnDnd':
    case 'suspectedDeviceDnd':
      return { icon: 'moon', tone: 'dnd' };
    case 'forwardingPaused':
      return { icon: 'pause', tone: 'dnd' };
    case 'receiveOffEverywhere':
    case 'makingCallsOff':
      return { icon: 'lock', tone: 'lock' };
    case 'receiveOffHere':
      return { icon: 'bell-off', tone: '' };
    case 'onAnotherCall':
    case 'busyHere':
      return { icon: 'phone-call', tone: 'warn' };
    case 'notAvailable':
    case 'userDisabled':
      return { icon: 'user-x', tone: '' };
    case 'callerHungUp':
    case 'declined':
      return { icon: 'phone-off', tone: '' };
    case 'numberLeadsTo':
    case 'numberUnassigned':
      return { icon: 'phone-incoming', tone: '' };
    case 'wentOut':
      return { icon: 'phone-outgoing', tone: 'ok' };
    case 'forwardedAlways':
    case 'forwardedBusy':
    case 'forwardedNoAnswer':
    case 'forwardedUnreachable':
    case 'destinationIfNoAnswer':
      return { icon: 'phone-forwarded', tone: '' };
    case 'noTrunk':
    case 'trunkRefused':
    case 'deviceRefused':
    case 'tooManyCalls':
    case 'noCodecInCommon':
    case 'loop':
      return { icon: 'circle-alert', tone: 'bad' };
    default:
      return rang ? { icon: 'bell-ring', tone: 'ok' } : { icon: 'circle-minus', tone: '' };
  }
}
