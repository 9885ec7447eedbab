import type { AccountView, Registration } from '../../contract';
import { m } from '../../paraglide/messages';

/** What an account is called: the person's name, else what stands before the @. */
export function accountName(account: AccountView): string {
  return account.settings.displayName || account.settings.userName;
}

/** Whether calls can come and go, in one or two words. */
export function accountState(registration: Registration): string {
  switch (registration.state) {
    case 'registered':
      return m.account_reachable();
    case 'registering':
      return m.account_connecting();
    case 'failed':
    case 'unknown':
      return m.account_unreachable();
    case 'off':
      return m.account_off();
  }
}
