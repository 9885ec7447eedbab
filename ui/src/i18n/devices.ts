import type { CallMethod, ClientId, DeviceName } from '../contract';
import type { IconName } from '../icons/lucide';
import { m } from '../paraglide/messages';

/** A device of the user, as people name it; `own` is the client that says so. */
export function deviceWord(device: DeviceName, own?: ClientId): string {
  switch (device.kind) {
    case 'client':
      return device.client === own ? m.device_this() : device.name;
    case 'colleague':
      return device.name;
    case 'deskPhone':
      return m.device_desk({ number: device.number });
    case 'external':
      return device.name ? m.device_named({ name: device.name, number: device.number }) : device.number;
    case 'unknown':
      return m.device_other();
  }
}

/** The glyph of a device. */
export function deviceIcon(device: DeviceName): IconName {
  switch (device.kind) {
    case 'client':
      return device.web ? 'globe' : 'monitor';
    case 'deskPhone':
      return 'phone';
    case 'external':
      return 'smartphone';
    case 'colleague':
      return 'user';
    case 'unknown':
      return 'phone';
  }
}

/** A way to call, with what rings first where that is known. */
export function methodWord(method: CallMethod, device?: string): string {
  switch (method) {
    case 'deskPhone':
      return device ? m.method_desk_number({ number: device }) : m.method_desk();
    case 'mobile':
      return m.method_mobile();
    case 'softphone':
    case 'unknown':
      return m.method_app();
  }
}
