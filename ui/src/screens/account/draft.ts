import type { AccountDraft, AccountSettings, AccountView, Problem, SrtpPolicy, Transport } from '../../contract';

/** The form as it is typed: everything is text, and empty means that it is left out. */
export interface Typed {
  domain: string;
  userName: string;
  secret: string;
  displayName: string;
  server: string;
  authName: string;
  transport: Transport;
  srtp: SrtpPolicy;
}

/** The form for a new account, or for one that is changed. */
export function typedFrom(account: AccountView | undefined): Typed {
  const settings = account?.settings;
  return {
    domain: settings?.domain ?? '',
    userName: settings?.userName ?? '',
    secret: '',
    displayName: settings?.displayName ?? '',
    server: settings?.server ?? '',
    authName: settings?.authName ?? '',
    transport: settings?.transport ?? 'automatic',
    srtp: settings?.srtp ?? 'optional',
  };
}

/** Takes `sip:linda@fiets.example` apart where a whole address was typed or pasted into one field. */
export function splitAddress(text: string): { userName: string; domain: string } | undefined {
  const match = /^(?:sips?:)?([^@\s]+)@([^@\s;]+)/iu.exec(text.trim());
  return match?.[1] && match[2] ? { userName: match[1], domain: match[2] } : undefined;
}

/** What is missing before anybody is asked; the phone checks the rest. */
export function firstGap(typed: Typed, secretKept: boolean): Problem | undefined {
  const needed: ('domain' | 'userName' | 'secret')[] = ['domain', 'userName'];
  if (!secretKept) needed.push('secret');
  const gap = needed.find((field) => typed[field].trim() === '');
  return gap === undefined ? undefined : { code: 'fieldInvalid', params: { field: gap }, details: null };
}

/** What the phone is asked to try or to keep. */
export function draftOf(typed: Typed, codecs: AccountSettings['codecs']): AccountDraft {
  return {
    settings: {
      domain: typed.domain.trim(),
      userName: typed.userName.trim(),
      transport: typed.transport,
      srtp: typed.srtp,
      ...(codecs ? { codecs } : {}),
      ...filled('displayName', typed.displayName),
      ...filled('server', typed.server),
      ...filled('authName', typed.authName),
    },
    ...(typed.secret ? { secret: typed.secret } : {}),
  };
}

function filled<Key extends string>(key: Key, value: string): Partial<Record<Key, string>> {
  const text = value.trim();
  return text === '' ? {} : ({ [key]: text } as Record<Key, string>);
}
