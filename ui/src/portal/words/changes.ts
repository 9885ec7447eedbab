import type { AuditEntry, AuditSubject } from '../../contract';
import { m } from '../../paraglide/messages';
import { roleName, roles } from './names';
import { settingWord } from './settings';
import { subjectName } from './audit';

/** A value in the audit, as people say it: a word of the contract by its name, anything else as it stands. */
export function auditWord(what: AuditSubject, value: string): string {
  if (what === 'role') return roles.find((role) => role === value) ? roleName(value as (typeof roles)[number]) : value;
  if (what === 'changeRequest') return requestState(value);
  if (value === 'on') return m.on();
  if (value === 'off') return m.off();
  if (value === 'true') return m.yes();
  if (value === 'false') return m.no();
  return settingWord(what, plain(value));
}

/** What was changed, with the part of it: `Details of a user, extension`. */
export function auditTitle(entry: AuditEntry): string {
  const part = entry.field?.split('.').at(-1);
  const names: Partial<Record<string, () => string>> = {
    callMethod: m.settings_method,
    configureIncoming: m.settings_configure_incoming,
    configureOutgoing: m.settings_configure_outgoing,
    extension: m.users_extension,
    email: m.users_email,
    login: m.users_login,
    firstName: m.users_first_name,
    lastName: m.users_last_name,
    ringSeconds: m.user_ring_time,
    callWaiting: m.user_call_waiting,
    noAnswer: m.user_no_answer,
    callerId: m.user_caller_id,
    disabled: m.security_disabled,
    autoAnswer: m.user_auto_answer,
    callsFromUserAccount: m.user_from_account,
    numberForColleagues: m.user_for_colleagues,
    networkUnavailability: m.user_network_unavailability,
    description: m.user_description,
    numbers: m.user_numbers,
    name: m.device_name,
    servers: m.trunk_servers,
    transport: m.trunk_transport,
    link: m.trunk_link,
    domain: m.trunk_domain,
    calledNumber: m.trunk_called,
    outgoingFormat: m.trunk_format,
    country: m.trunk_country,
    mostCalls: m.trunk_most_calls,
    order: m.trunk_order,
    active: m.trunk_active,
    unassignedNumbers: m.organisation_unassigned,
    recordsDays: m.organisation_records,
    reasonsDays: m.organisation_reasons,
    auditDays: m.organisation_audit,
    language: m.users_language,
  };
  const number = entry.what === 'number' ? entry.field : undefined;
  const name = number ?? (part === undefined ? undefined : names[part]?.());
  return name ? `${subjectName(entry.what)}: ${name}` : subjectName(entry.what);
}

/** For whom: one's own, or the names. */
export function auditOwners(entry: AuditEntry): string {
  const [first] = entry.forWhom;
  if (entry.forWhom.length === 1 && first && first.id === entry.author.user) return m.audit_own();
  return entry.forWhom.map((owner) => owner.name).join(', ');
}

function requestState(value: string): string {
  const names: Partial<Record<string, () => string>> = {
    open: m.request_state_open,
    accepted: m.request_state_accepted,
    permitted: m.request_state_permitted,
    declined: m.request_state_declined,
    withdrawn: m.request_state_withdrawn,
  };
  return names[value]?.() ?? value;
}

// A string may come as JSON.
function plain(value: string): string {
  return /^".*"$/su.test(value) ? value.slice(1, -1) : value;
}
