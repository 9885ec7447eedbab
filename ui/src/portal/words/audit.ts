import type { AuditSource, AuditSubject } from '../../contract';
import { m } from '../../paraglide/messages';

const names: Record<AuditSubject, () => string> = {
  incomingCalls: m.audit_incoming,
  outgoingCalls: m.audit_outgoing,
  permission: m.audit_permission,
  doNotDisturb: m.audit_dnd,
  availability: m.audit_availability,
  forwarding: m.audit_forwarding,
  telephony: m.audit_telephony,
  userCreated: m.audit_user_created,
  userDeleted: m.audit_user_deleted,
  userDetails: m.audit_user_details,
  role: m.audit_role,
  password: m.audit_password,
  security: m.audit_security,
  loggedIn: m.audit_logged_in,
  clientRevoked: m.audit_client_revoked,
  account: m.audit_account,
  sipSecret: m.audit_sip_secret,
  registration: m.audit_registration,
  number: m.audit_number,
  trunk: m.audit_trunk,
  organisation: m.audit_organisation,
  changeRequest: m.audit_change_request,
  apiKey: m.audit_api_key,
  contact: m.audit_contact,
  server: m.audit_server,
  unknown: m.audit_unknown,
};

/** Everything that can be changed, for choosing among. */
export const subjects = (Object.keys(names) as AuditSubject[]).filter((subject) => subject !== 'unknown');

/** What was changed. */
export function subjectName(subject: AuditSubject): string {
  return ((names as Partial<typeof names>)[subject] ?? names.unknown)();
}

/** From where it was changed. */
export function sourceWords(source: AuditSource): string {
  switch (source.kind) {
    case 'portal':
      return m.audit_from_portal({ address: source.address });
    case 'client':
      return m.audit_from_client({ name: source.name, address: source.address });
    case 'deskPhone':
      return m.audit_from_desk_phone({ number: source.number });
    case 'api':
      return m.audit_from_api({ key: source.key, address: source.address });
    case 'server':
      return m.audit_from_server();
    case 'unknown':
      return m.audit_from_unknown();
  }
}
