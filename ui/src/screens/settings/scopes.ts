import type { Scope } from '../../contract';
import { m } from '../../paraglide/messages';

/** For which of the user's clients something can be set. */
export function scopes(): { value: Scope; label: string }[] {
  return [
    { value: 'thisClient', label: m.telephony_scope_here() },
    { value: 'allClients', label: m.telephony_scope_all() },
  ];
}
