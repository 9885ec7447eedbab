import type { ServerView } from '../contract';
import { list } from '../i18n/dates';
import { m } from '../paraglide/messages';

/** What the user changed and the server does not know yet, in words; nothing where it knows all. */
export function waiting(server: ServerView | undefined): string {
  if (!server) return '';
  const { dnd, availability, settings } = server;
  const waits: [boolean, string][] = [
    [dnd.pending, m.dnd()],
    [availability.pending, m.availability()],
    [settings.receivePending, m.telephony_receive()],
    [settings.makePending, m.telephony_make()],
    [server.forwardingPending, m.forwarding_title()],
    [server.telephonyPending, m.telephony_other_setting()],
    [server.profilePending, m.profile()],
    [server.requestPending, m.waiting_request()],
  ];
  const words = waits.flatMap(([pending, word]) => (pending ? [word] : []));
  return words.length > 0 ? list(words) : '';
}
