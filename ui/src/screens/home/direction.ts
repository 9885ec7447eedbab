import type { IconName } from '../../icons/lucide';
import type { ListedCall } from '../../state/records';
import { m } from '../../paraglide/messages';

/** The glyph that says which way a call went. */
export function directionIcon(entry: ListedCall): IconName {
  if (entry.kept?.outcome === 'heldBack') return 'moon';
  if (entry.outcome === 'missed') return 'phone-missed';
  return entry.direction === 'incoming' ? 'phone-incoming' : 'phone-outgoing';
}

/** The same for readers, before the outcome. */
export function directionWord(entry: ListedCall): string {
  if (entry.outcome === 'missed') return '';
  return entry.direction === 'incoming' ? m.direction_incoming() : m.direction_outgoing();
}
