import type { ChangeRequestDraft, ChangeRequestState, Me, Stamp, Timestamp } from '../../contract';
import { when } from '../../i18n/time';
import { m } from '../../paraglide/messages';
import { methodName } from './names';

/** What is asked for: `receive calls in the app`. */
export function wishWords({ direction, wish }: ChangeRequestDraft): string {
  const incoming = direction === 'incoming';
  if (wish?.callMethod) return m.requests_method({ method: methodName(wish.callMethod) });
  if (wish?.on === true) return incoming ? m.requests_receive_on() : m.requests_make_on();
  if (wish?.on === false) return incoming ? m.requests_receive_off() : m.requests_make_off();
  return incoming ? m.requests_about_incoming() : m.requests_about_outgoing();
}

/** What accepting does, on its button. */
export function acceptWords({ wish }: ChangeRequestDraft): string {
  if (wish?.callMethod || wish?.on === undefined) return m.requests_accept();
  return wish.on ? m.requests_turn_on() : m.requests_turn_off();
}

/** Who set what is asked about. */
export function setByWords({ author, since, note }: Stamp, me: Me, now: Timestamp): string {
  const by = author.user === me.id ? m.requests_set_by_you() : author.name;
  const at = when(since, now);
  return note ? m.requests_set_by_note({ by, when: at, note }) : m.requests_set_by({ by, when: at });
}

/** What became of a request. */
export function settledWords(state: ChangeRequestState, now: Timestamp): string {
  switch (state.kind) {
    case 'accepted':
      return m.requests_accepted({ by: state.stamp.author.name, when: when(state.stamp.since, now) });
    case 'permitted':
      return m.requests_permitted({ by: state.stamp.author.name, when: when(state.stamp.since, now) });
    case 'declined':
      return m.requests_declined({
        by: state.stamp.author.name,
        when: when(state.stamp.since, now),
        note: state.stamp.note ?? '',
      });
    case 'withdrawn':
      return m.requests_withdrawn({ when: when(state.at, now) });
    case 'open':
    case 'unknown':
      return '';
  }
}
