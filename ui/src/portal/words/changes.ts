import type { AccountKind, AuditEntry, Language, MediaProfile, Transport } from '../../contract';
import { transportLabel } from '../../i18n/calls';
import { m } from '../../paraglide/messages';
import { subjectName } from './audit';
import { countryName } from './countries';
import { dateTime } from './dates';
import { kindName, mediaName } from './devices';
import { languageName, languages } from './languages';
import { roleName, roles } from './names';
import { settingWord } from './settings';

/** What was changed, with the part of it: `Details of a user: Extension`. */
export function auditTitle(entry: AuditEntry): string {
  const part = entry.what === 'number' ? entry.field : partName(entry);
  return part ? `${subjectName(entry.what)}: ${part}` : subjectName(entry.what);
}

/** For whom: one's own, or the names. */
export function auditOwners(entry: AuditEntry): string {
  const [first] = entry.forWhom;
  if (entry.forWhom.length === 1 && first && first.id === entry.author.user) return m.audit_own();
  return entry.forWhom.map((owner) => owner.name).join(', ');
}

/** A value in the audit, as people say it: words of the contract by their names, anything else as it stands. */
export function auditWord(entry: Pick<AuditEntry, 'what' | 'field'>, value: string): string {
  const text = plain(value);
  const part = entry.field?.split('.').at(-1) ?? '';
  if (text === '' || text === 'null') return m.none();
  if (entry.what === 'role')
    return roles.find((role) => role === text) ? roleName(text as (typeof roles)[number]) : text;
  if (entry.what === 'changeRequest') return worded(requestStates, text.split(' ')[0] ?? text);
  if (entry.what === 'password') return worded(links, text);
  return byPart[part]?.(text) ?? (entry.what === 'permission' ? yesOrNo(text) : composed(entry, text));
}

// Where a value is one word of many, its part says which words they are.
const byPart: Partial<Record<string, (text: string) => string>> = {
  language: (text) => (languages.some((known) => known === text) ? languageName(text as Language) : text),
  country: countryName,
  transport: (text) => transportLabel(text as Transport),
  media: (text) => mediaName(text as MediaProfile),
  type: (text) => kindName({ kind: text, number: '' } as AccountKind),
  ringSeconds: (text) => m.user_seconds({ count: Number(text) }),
  recordsDays: (text) => m.organisation_days({ count: Number(text) }),
  reasonsDays: (text) => m.organisation_days({ count: Number(text) }),
  auditDays: (text) => m.organisation_days({ count: Number(text) }),
  calledNumber: (text) => ({ requestUri: 'Request-URI', to: 'To', pCalledPartyId: 'P-Called-Party-ID' })[text] ?? text,
  outgoingFormat: (text) => worded(formats, text),
  dnd: doNotDisturb,
  // What people typed is no word of ours.
  ...Object.fromEntries(
    ['name', 'firstName', 'lastName', 'employer', 'job', 'description', 'login', 'email', 'owners'].map((part) => [
      part,
      (text: string) => text,
    ]),
  ),
};

const formats: Words = {
  e164: m.format_e164,
  e164WithoutPlus: m.format_e164_plain,
  national: m.format_national,
};

const requestStates: Words = {
  open: m.request_state_open,
  accepted: m.request_state_accepted,
  permitted: m.request_state_permitted,
  declined: m.request_state_declined,
  withdrawn: m.request_state_withdrawn,
};

const links: Words = {
  invitation: m.audit_link_invitation,
  reset: m.audit_link_reset,
  provisioning: m.audit_link_provisioning,
};

// A word in front, and behind it what belongs to it: `registering fiets`.
const leading: Words = {
  hangUp: m.destination_hang_up,
  allDevices: m.destination_all_devices,
  accountDefault: m.caller_default,
  withheld: m.caller_withheld,
  perCountry: m.caller_country_each,
  available: m.presence_available,
  notAvailable: m.presence_not_available,
  registering: m.trunk_registering,
  byAddress: m.trunk_by_address,
};

type Words = Partial<Record<string, () => string>>;

const worded = (words: Words, text: string): string => words[text]?.() ?? text;

function yesOrNo(text: string): string {
  return text === 'true' ? m.yes() : text === 'false' ? m.no() : text;
}

function composed(entry: Pick<AuditEntry, 'what' | 'field'>, text: string): string {
  const [first = '', ...rest] = text.split(' ');
  if (!(first in leading)) return settingWord(entry.what, text);
  const more = rest.join(' ');
  if (more === '' || more === 'allDevices') return worded(leading, first);
  // Until then somebody is not available.
  return `${worded(leading, first)}, ${first === 'notAvailable' ? until(more) : more}`;
}

function doNotDisturb(text: string): string {
  const end = /^on until (\d+)$/u.exec(text)?.[1];
  if (end) return `${m.on()}, ${until(end)}`;
  return text === 'on' ? m.on() : text === 'off' ? m.off() : text;
}

const until = (millis: string): string => m.audit_until({ when: dateTime(Number(millis)) });

// Some parts are only told apart by what they are part of.
const parts: Words = {
  'forwarding.always': m.forward_always,
  'forwarding.busy': m.forward_busy,
  'forwarding.noAnswer': m.forward_no_answer,
  'forwarding.unreachable': m.forward_unreachable,
  linkedNumber: m.user_linked,
  networkUnavailability: m.user_network_unavailability,
  mode: m.audit_mode,
  receive: m.audit_one_app,
  make: m.audit_one_app,
  ownCallMethod: m.audit_one_app_method,
  callMethod: m.settings_method,
  configureIncoming: m.settings_configure_incoming,
  configureOutgoing: m.settings_configure_outgoing,
  extension: m.users_extension,
  email: m.users_email,
  login: m.users_login,
  firstName: m.users_first_name,
  lastName: m.users_last_name,
  employer: m.users_employer,
  job: m.users_job,
  description: m.user_description,
  numbers: m.user_numbers,
  ringSeconds: m.user_ring_time,
  directCallsOnly: m.user_unreachable_direct,
  callWaiting: m.user_call_waiting,
  noAnswer: m.user_no_answer,
  callerId: m.user_caller_id,
  autoAnswer: m.user_auto_answer,
  callsFromUserAccount: m.user_from_account,
  numberForColleagues: m.user_for_colleagues,
  deskPhone: m.user_desk_phone,
  callBackNumber: m.user_call_back,
  disabled: m.security_disabled,
  passwordChangeNeeded: m.security_password_change,
  idleLogOut: m.security_idle,
  timeZone: m.security_time_zone,
  language: m.users_language,
  country: m.security_country,
  areaCode: m.organisation_area_code,
  name: m.device_name,
  number: m.user_number,
  type: m.devices_type,
  mac: m.device_mac,
  media: m.device_media,
  owners: m.device_owner,
  forwardsTo: m.device_forward_number,
  actionUrls: m.audit_action_urls,
  servers: m.trunk_servers,
  transport: m.trunk_transport,
  link: m.trunk_link,
  domain: m.trunk_domain,
  calledNumber: m.trunk_called,
  outgoingFormat: m.trunk_format,
  mostCalls: m.trunk_most_calls,
  order: m.trunk_order,
  active: m.trunk_active,
  unassignedNumbers: m.organisation_unassigned,
  recordsDays: m.organisation_records,
  reasonsDays: m.organisation_reasons,
  auditDays: m.organisation_audit,
  incoming: m.settings_incoming,
  outgoing: m.settings_outgoing,
};

function partName({ field }: AuditEntry): string | undefined {
  if (field === undefined) return undefined;
  const path = field.split('.').filter((part) => part !== 'settings' && part !== 'personal');
  const last = path.at(-1) ?? '';
  const whole = parts[path.slice(0, -1).join('.')];
  // A forwarding's destination goes by the forwarding's name.
  if (whole) return last === 'to' || last === 'number' ? whole() : `${whole()}, ${worded(parts, last)}`;
  return parts[last]?.();
}

// A string may come as JSON.
function plain(value: string): string {
  return /^".*"$/su.test(value) ? value.slice(1, -1) : value;
}
