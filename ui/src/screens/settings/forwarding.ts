import type { Destination, Forwarding, Forwardings, ServerView } from '../../contract';
import { m } from '../../paraglide/messages';

/** When calls are forwarded. */
export type ForwardWhen = keyof Forwardings;

/** Each of them in words, in the order in which the call plan looks at them. */
export function forwardWhens(): { when: ForwardWhen; label: string }[] {
  return [
    { when: 'always', label: m.forward_always() },
    { when: 'busy', label: m.forward_busy() },
    { when: 'noAnswer', label: m.forward_no_answer() },
    { when: 'unreachable', label: m.forward_unreachable() },
  ];
}

/** Where calls go, as people name it. */
export function destinationWord(to: Destination, { colleagues, accounts }: ServerView): string {
  switch (to.kind) {
    case 'hangUp':
      return m.destination_hang_up();
    case 'external':
      return to.number;
    case 'user':
      return colleagues.find(({ id }) => id === to.user)?.name ?? m.destination_user();
    case 'account': {
      const account = accounts.find(({ id }) => id === to.account);
      return account ? `${account.name}, ${account.number}` : m.destination_account();
    }
    case 'unknown':
      return m.destination_unknown();
  }
}

/** A forwarding as it stands, in words. */
export function forwardingWord(forwarding: Forwarding | undefined, server: ServerView): string {
  if (!forwarding) return m.forwarding_off();
  const to = destinationWord(forwarding.to, server);
  return forwarding.active ? m.forwarding_to({ to }) : m.forward_off_to({ to });
}
