import type { PhoneView, Presence, Registration, ServerView } from '../../contract';
import { presenceWord } from '../../i18n/presence';
import { m } from '../../paraglide/messages';

/** How the user stands, as the header says it: a shape, a word, and whether it needs care. */
export interface MyState {
  presence: Presence;
  word: string;
  care: boolean;
}

/** What is true now of the user: nothing reaches somebody without a connection, and what waits is not there yet. */
export function myState(
  server: ServerView,
  registration: Registration | undefined,
  calls: PhoneView['calls'],
): MyState {
  const presence = myPresence(server, calls);
  if (server.connection.state === 'loggedOut') return { presence: 'noPhone', word: m.me_logged_out(), care: true };
  if (server.dnd.pending || server.availability.pending) return { presence, word: m.waiting_to_be_sent(), care: true };
  if (registration && registration.state === 'failed' && presence !== 'doNotDisturb')
    return { presence: 'noPhone', word: m.account_unreachable(), care: true };
  if (registration?.state === 'registering' && presence === 'available')
    return { presence: 'notAvailable', word: m.account_connecting(), care: false };
  if (presence === 'available' && !server.settings.own.effective.receive.value)
    return { presence: 'notAvailable', word: m.me_silent_here(), care: false };
  return { presence, word: presenceWord(presence), care: false };
}

function myPresence(server: ServerView, calls: PhoneView['calls']): Presence {
  if (server.dnd.on) return 'doNotDisturb';
  if (server.availability.state.availability.kind === 'notAvailable') return 'notAvailable';
  return calls.some(({ answeredAt, state }) => answeredAt !== null && state.kind !== 'ended') ? 'onCall' : 'available';
}
