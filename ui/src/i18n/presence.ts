import type { Presence } from '../contract';
import { m } from '../paraglide/messages';

/** Whether somebody can be reached, in words. */
export function presenceWord(presence: Presence): string {
  const words = {
    available: m.presence_available,
    ringing: m.presence_ringing,
    onCall: m.presence_on_call,
    doNotDisturb: m.presence_dnd,
    notAvailable: m.presence_not_available,
    noPhone: m.presence_no_phone,
    unknown: m.presence_no_phone,
  };
  return (words[presence] ?? words.unknown)();
}
