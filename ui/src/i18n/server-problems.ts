import type { ApiProblem, ServerErrorCode, ServerTrouble } from '../contract';
import { m } from '../paraglide/messages';
import { begin, inWords } from './problems';
import { when } from './time';

type Params = ApiProblem['params'];

// One sentence for every code of the server. The compiler asks for each new one.
const sentences: Record<ServerErrorCode, (params: Params) => string> = {
  notLoggedIn: () => m.there_not_logged_in(),
  wrongCredentials: wrongCredentials,
  tooManyTries: (p) => m.there_too_many_tries({ wait: wait(p) }),
  idleLogOut: (p) => m.there_idle_log_out({ minutes: p['minutes'] ?? '10' }),
  csrfMissing: () => m.there_csrf(),
  passwordChangeNeeded: () => m.there_password_change(),
  userDisabled: (p) => m.there_user_disabled({ by: by(p) }),
  clientRevoked: (p) => m.there_client_revoked({ by: by(p) }),
  linkInvalid: () => m.there_link_invalid(),
  linkUsed: (p) => (p['at'] ? m.there_link_used({ when: at(p['at']) }) : m.there_link_used_bare()),
  linkReplaced: (p) => (p['at'] ? m.there_link_replaced({ when: at(p['at']) }) : m.there_link_replaced_bare()),
  linkExpired: (p) => (p['hours'] ? m.there_link_expired({ hours: p['hours'] }) : m.there_link_expired_bare()),
  clientTooOld: (p) => (p['least'] ? m.there_client_too_old({ least: p['least'] }) : m.there_client_too_old_bare()),
  serverTooOld: () => m.there_server_too_old(),
  forbidden: () => m.there_forbidden(),
  lockedByAdministrator: (p) => m.there_locked({ by: by(p) }),
  makingCallsOff: (p) => m.there_making_calls_off({ by: by(p) }),
  conflict: (p) => m.there_conflict({ by: p['by'] ?? m.there_other_person() }),
  notFound: () => m.there_not_found(),
  fieldMissing: (p) => m.there_field_missing({ field: field(p) }),
  fieldInvalid: (p) => m.there_field_invalid({ field: field(p) }),
  fieldTooLong: (p) => m.there_field_long({ field: field(p), most: p['most'] ?? '255' }),
  passwordTooShort: (p) => (p['least'] ? m.there_password_short({ least: p['least'] }) : m.there_password_short_bare()),
  passwordTooCommon: () => m.there_password_common(),
  emailTaken: (p) => (p['owner'] ? m.there_email_taken_by({ owner: p['owner'] }) : m.there_email_taken()),
  loginTaken: () => m.there_login_taken(),
  extensionTaken: extensionTaken,
  extensionUsedBefore: (p) => m.there_extension_before({ extension: p['extension'] ?? '', owner: owner(p) }),
  numberTaken: (p) => m.there_number_taken({ number: p['number'] ?? m.there_this_number() }),
  macTaken: (p) =>
    p['account'] && p['mac'] ? m.there_mac_taken_by({ account: p['account'], mac: p['mac'] }) : m.there_mac_taken(),
  inUse: (p) => m.there_in_use({ by: p['by'] ?? m.there_other_person() }),
  confirmationNeeded: () => m.there_confirm(),
  lastAdmin: () => m.there_last_admin(),
  notYourself: () => m.there_not_yourself(),
  noDeskPhone: () => m.there_no_desk_phone(),
  deskPhoneNotRegistered: () => m.there_desk_phone_away(),
  noExternalNumber: () => m.there_no_external(),
  invalidTarget: (p) => m.there_invalid_target({ target: p['target'] ?? m.there_this_number() }),
  unknownTarget: (p) => m.there_unknown_target({ target: p['target'] ?? '' }),
  tooManyCalls: (p) => (p['most'] ? m.there_too_many_calls_most({ most: p['most'] }) : m.there_too_many_calls()),
  trunkUnavailable: () => m.there_trunk(),
  requestSettled: (p) => m.there_settled({ by: by(p) }),
  requestOpen: () => m.there_request_open(),
  rateLimited: (p) => m.there_rate_limited({ wait: wait(p) }),
  tooLarge: () => m.there_too_large(),
  malformed: () => m.there_malformed(),
  alreadySetUp: () => m.there_already_set_up(),
  notSetUp: () => m.there_not_set_up(),
  storageUnavailable: () => m.there_storage(),
  unavailable: () => m.there_unavailable(),
  internal: () => m.there_internal(),
  unknown: () => m.there_unknown(),
};

/** Every code of the server there are words for. */
export const serverErrorCodes = Object.keys(sentences) as ServerErrorCode[];

/** What to tell about a refusal of the server; a code from a newer one gets the sentence for what has no words. */
export function serverWords({ code, params, field: at }: Pick<ApiProblem, 'code' | 'params' | 'field'>): string {
  const named = at === undefined ? params : { field: at, ...params };
  return begin((sentences[code] ?? sentences.unknown)(named));
}

/** What to tell about trouble with the server, whether it was found here or there. */
export function troubleWords(trouble: ServerTrouble): string {
  switch (trouble.where) {
    case 'here':
      return inWords(trouble.problem);
    case 'there':
      return serverWords(trouble.problem);
    case 'unknown':
      return m.there_unknown();
  }
}

/** Small print behind *Details*, where there is some. */
export function troubleDetails(trouble: ServerTrouble): string | undefined {
  if (trouble.where === 'here') return trouble.problem.details ?? undefined;
  if (trouble.where === 'unknown') return undefined;
  const { code, params, detail, status } = trouble.problem;
  const id = code === 'internal' ? params['id'] : undefined;
  return [String(status), id, detail].filter(Boolean).join(' · ');
}

// A field as it is called on the page; one that has no name here is told by its own.
const fieldNames: Record<string, () => string> = {
  firstName: m.users_first_name,
  lastName: m.users_last_name,
  email: m.users_email,
  login: m.users_login,
  extension: m.users_extension,
  old: m.password_old,
  new: m.password_new,
  password: m.users_first_password,
};

function wrongCredentials(p: Params): string {
  const login = p['login'] ?? m.there_you();
  const left = p['triesLeft'];
  if (left === undefined) return m.there_wrong_credentials({ login });
  return left === '1'
    ? m.there_wrong_credentials_last({ login })
    : m.there_wrong_credentials_left({ login, count: left });
}

function extensionTaken(p: Params): string {
  const words = { extension: p['extension'] ?? '', owner: owner(p) };
  return p['free'] ? m.there_extension_taken_free({ ...words, free: p['free'] }) : m.there_extension_taken(words);
}

function wait(p: Params): string {
  const seconds = Number(p['seconds']);
  if (!Number.isFinite(seconds) || seconds <= 0) return m.there_a_moment();
  if (seconds < 90) return m.wait_seconds({ count: seconds });
  return m.wait_minutes({ count: Math.ceil(seconds / 60) });
}

function at(millis: string): string {
  return when(Number(millis), Date.now());
}

function by(p: Params): string {
  return p['by'] ?? m.there_somebody();
}

function owner(p: Params): string {
  return p['owner'] ?? m.there_other_person();
}

function field(p: Params): string {
  const path = p['field'];
  if (path === undefined) return m.there_this_field();
  return fieldNames[path.split('.').at(-1) ?? path]?.() ?? path;
}
