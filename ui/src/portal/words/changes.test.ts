import { afterEach, describe, expect, it } from 'vitest';
import type { AuditSubject } from '../../contract';
import { speak } from '../../i18n/locale.svelte';
import { auditTitle, auditWord } from './changes';

afterEach(() => speak('en'));

// What the server writes, and what people read.
const written: [what: AuditSubject, field: string | undefined, value: string, en: string, nl: string][] = [
  ['telephony', 'noAnswer', 'hangUp', 'Hang up', 'Ophangen'],
  ['telephony', 'callerId', 'accountDefault', 'Account default', 'Standaard van de organisatie'],
  [
    'telephony',
    'callerId',
    'perCountry NL +31200121000',
    'One per country, NL +31200121000',
    'Eén per land, NL +31200121000',
  ],
  ['telephony', 'ringSeconds', '20', '20 seconds', '20 seconden'],
  ['telephony', 'forwarding.always.active', 'true', 'on', 'aan'],
  ['availability', undefined, 'available allDevices', 'Available', 'Bereikbaar'],
  ['incomingCalls', 'mode', 'disabled', 'Disabled', 'Uit'],
  ['outgoingCalls', 'callMethod', 'deskPhone', 'Desk phone (click-to-dial)', 'Vast toestel (klik en bel)'],
  ['permission', 'configureIncoming', 'false', 'no', 'nee'],
  ['role', 'role', 'accountManagement', 'Account management', 'Accountbeheer'],
  ['security', 'language', 'nl', 'Nederlands', 'Nederlands'],
  ['security', 'country', 'DE', 'Germany', 'Duitsland'],
  ['security', 'disabled', 'false', 'off', 'uit'],
  ['account', 'media', 'webRtc', 'WebRTC (DTLS-SRTP)', 'WebRTC (DTLS-SRTP)'],
  ['account', 'type', 'deskPhone', 'Desk phone', 'Vast toestel'],
  ['trunk', 'link', 'registering fiets', 'We register, fiets', 'Wij registreren, fiets'],
  ['trunk', 'calledNumber', 'pCalledPartyId', 'P-Called-Party-ID', 'P-Called-Party-ID'],
  ['organisation', 'settings.retention.recordsDays', '30', '30 days', '30 dagen'],
  ['changeRequest', 'state', 'declined', 'declined', 'afgewezen'],
  ['password', undefined, 'invitation', 'Invitation made', 'Uitnodiging gemaakt'],
  ['incomingCalls', 'receive', 'null', 'none', 'geen'],
  // What people typed stays as they typed it, whatever it looks like.
  ['userDetails', 'firstName', 'to', 'to', 'to'],
];

describe('a value in the audit', () => {
  it.each(written)('%s %s %s is told in both languages', (what, field, value, en, nl) => {
    const entry = { what, ...(field === undefined ? {} : { field }) };
    speak('en');
    expect(auditWord(entry, value)).toBe(en);
    speak('nl');
    expect(auditWord(entry, value)).toBe(nl);
  });

  it('that ends by itself is told with its end', () => {
    const end = String(new Date(2027, 0, 1, 12, 30).getTime());
    expect(auditWord({ what: 'doNotDisturb', field: 'dnd' }, `on until ${end}`)).toMatch(/^on, until .*12:30/u);
    expect(auditWord({ what: 'availability' }, `notAvailable ${end}`)).toMatch(/^Not available, until .*12:30/u);
  });

  it('is told with what it is part of', () => {
    const rest = {
      id: 1,
      at: 0,
      author: { name: '', role: 'admin' as const },
      forWhom: [],
      from: { kind: 'server' as const },
    };
    const title = (what: AuditSubject, field: string): string => auditTitle({ ...rest, what, field });
    expect(title('telephony', 'forwarding.busy.to')).toBe('Telephony: When busy');
    expect(title('telephony', 'forwarding.busy.active')).toBe('Telephony: When busy, In use');
    expect(title('contact', 'personal.employer')).toBe('Address book: Employer');
    expect(title('organisation', 'settings.retention.auditDays')).toBe('Organisation: Audit');
  });
});
