import type { AccountKind, AccountSummary, DeviceState, MediaProfile } from '../../contract';
import type { IconName } from '../../icons/lucide';
import { m } from '../../paraglide/messages';

export function kindName(kind: AccountKind): string {
  switch (kind.kind) {
    case 'app':
      return m.device_app();
    case 'web':
      return m.device_web();
    case 'deskPhone':
      return m.device_desk_phone();
    case 'forward':
      return m.device_forward();
    case 'unknown':
      return m.device_kind_other();
  }
}

export function kindIcon(kind: AccountKind): IconName {
  switch (kind.kind) {
    case 'app':
      return 'monitor';
    case 'web':
      return 'globe';
    case 'forward':
      return 'smartphone';
    case 'deskPhone':
    case 'unknown':
      return 'phone';
  }
}

/** How a device stands: the words, an icon and a tone beside them. */
export function stateWords({ state, kind }: Pick<AccountSummary, 'state' | 'kind'>): {
  words: string;
  icon: IconName;
  tone: 'good' | 'warn' | 'dim';
} {
  const of: Record<DeviceState['kind'], () => ReturnType<typeof stateWords>> = {
    registered: () => ({
      words: m.device_registered({ count: state.kind === 'registered' ? state.count : 1 }),
      icon: 'circle-check',
      tone: 'good',
    }),
    silent: () => ({ words: m.device_silent(), icon: 'triangle-alert', tone: 'warn' }),
    notRegistered: () => ({ words: m.device_not_registered(), icon: 'circle-minus', tone: 'dim' }),
    external: () => ({ words: kind.kind === 'forward' ? kind.number : '', icon: 'phone-forwarded', tone: 'dim' }),
    unknown: () => ({ words: '', icon: 'circle-minus', tone: 'dim' }),
  };
  return of[state.kind]();
}

/** The ways for sound to reach a device. */
export const medias = ['best', 'webRtc', 'sdes', 'plain'] as const;

export function mediaName(media: MediaProfile): string {
  switch (media) {
    case 'webRtc':
      return m.media_webrtc();
    case 'sdes':
      return m.media_sdes();
    case 'plain':
      return m.media_plain();
    case 'best':
    case 'unknown':
      return m.media_best();
  }
}
