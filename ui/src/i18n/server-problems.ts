import type { ApiProblem, ServerErrorCode } from '../contract';
import { m } from '../paraglide/messages';

type Params = ApiProblem['params'];

// One sentence for every code of the server: what happened, what still works, what to do. The compiler asks for each new code.
const sentences: Record<ServerErrorCode, (params: Params) => string> = {
  notLoggedIn: () => m.server_not_logged_in(),
  wrongCredentials: (p) =>
    p['triesLeft']
      ? m.server_wrong_credentials_left({ login: known(p['login']), left: p['triesLeft'] })
      : m.server_wrong_credentials({ login: known(p['login']) }),
  tooManyTries: (p) => m.server_too_many_tries({ seconds: some(p['seconds']) }),
  idleLogOut: (p) => m.server_idle({ minutes: p['minutes'] ?? '10' }),
  csrfMissing: () => m.server_csrf(),
  passwordChangeNeeded: () => m.server_password_change(),
  userDisabled: (p) => m.server_user_disabled({ by: administrator(p) }),
  clientRevoked: (p) => begin(m.server_client_revoked({ by: somebody(p['by']) })),
  linkInvalid: () => m.server_link_invalid(),
  linkExpired: (p) => m.server_link_expired({ hours: some(p['hours']) }),
  clientTooOld: () => m.server_client_too_old(),
  serverTooOld: () => m.server_server_too_old(),
  forbidden: () => m.server_forbidden(),
  lockedByAdministrator: (p) => m.server_locked({ by: somebody(p['by']) }),
  makingCallsOff: (p) => begin(m.server_making_calls_off({ by: p['by'] ?? m.server_your_administrator() })),
  conflict: (p) => begin(m.server_conflict({ by: somebody(p['by']) })),
  notFound: () => m.server_not_found(),
  fieldMissing: (p) => m.server_field_missing({ field: known(p['field']) }),
  fieldInvalid: (p) => m.server_field_invalid({ field: known(p['field']) }),
  fieldTooLong: (p) => m.server_field_too_long({ field: known(p['field']), most: some(p['most']) }),
  passwordTooShort: (p) => m.server_password_short({ least: p['least'] ?? '10' }),
  passwordTooCommon: () => m.server_password_common(),
  emailTaken: (p) => begin(m.server_email_taken({ owner: somebody(p['owner']) })),
  loginTaken: () => m.server_login_taken(),
  extensionTaken: (p) =>
    begin(
      m.server_extension_taken({
        extension: known(p['extension']),
        owner: somebody(p['owner']),
        free: known(p['free']),
      }),
    ),
  extensionUsedBefore: (p) =>
    begin(m.server_extension_used_before({ extension: known(p['extension']), owner: somebody(p['owner']) })),
  numberTaken: (p) => begin(m.server_number_taken({ number: known(p['number']) })),
  macTaken: (p) => m.server_mac_taken({ account: known(p['account']), mac: known(p['mac']) }),
  inUse: (p) => m.server_in_use({ by: p['by'] ?? m.server_somebody() }),
  confirmationNeeded: () => m.server_confirmation(),
  lastAdmin: () => m.server_last_admin(),
  notYourself: () => m.server_not_yourself(),
  noDeskPhone: () => m.server_no_desk_phone(),
  deskPhoneNotRegistered: (p) => m.server_desk_phone_away({ phone: p['phone'] ?? '' }),
  noExternalNumber: () => m.server_no_external_number(),
  invalidTarget: (p) => begin(m.server_invalid_target({ target: known(p['target']) })),
  unknownTarget: (p) => m.server_unknown_target({ target: p['target'] ?? '' }),
  tooManyCalls: (p) => m.server_too_many_calls({ most: some(p['most']) }),
  trunkUnavailable: (p) => m.server_trunk_unavailable({ trunk: p['trunk'] ?? '' }),
  requestSettled: (p) => begin(m.server_request_settled({ by: somebody(p['by']) })),
  requestOpen: () => m.server_request_open(),
  rateLimited: (p) => m.server_rate_limited({ seconds: some(p['seconds']) }),
  tooLarge: (p) => m.server_too_large({ most: some(p['most']) }),
  malformed: () => m.server_malformed(),
  alreadySetUp: () => m.server_already_set_up(),
  notSetUp: () => m.server_not_set_up(),
  storageUnavailable: () => m.server_storage(),
  unavailable: () => m.server_unavailable(),
  internal: (p) => m.server_internal({ id: known(p['id']) }),
  unknown: () => m.server_unknown(),
};

/** Every code that the server gives. */
export const serverCodes = Object.keys(sentences) as ServerErrorCode[];

/** What to tell about a refusal of the server. A code from a newer one has the sentence of an unknown one. */
export function serverWords(problem: Pick<ApiProblem, 'code' | 'params' | 'field'>): string {
  const sentence = (sentences as Partial<typeof sentences>)[problem.code] ?? sentences.unknown;
  const field = problem.params['field'] ?? problem.field;
  return sentence(field === undefined ? problem.params : { ...problem.params, field: fieldName(field) });
}

function somebody(name: string | undefined): string {
  return name ?? m.server_somebody();
}
function administrator(params: Params): string {
  return begin(params['by'] ?? m.server_your_administrator());
}
function known(value: string | undefined): string {
  return value ?? m.server_this();
}
function some(value: string | undefined): string {
  return value ?? m.server_some();
}
function begin(sentence: string): string {
  return sentence.charAt(0).toLocaleUpperCase() + sentence.slice(1);
}

// A field as it is called on the page; one that has no name here is told by its own.
function fieldName(path: string): string {
  const names: Record<string, () => string> = {
    firstName: m.users_first_name,
    lastName: m.users_last_name,
    email: m.users_email,
    login: m.users_login,
    extension: m.users_extension,
    old: m.password_old,
    new: m.password_new,
    password: m.users_first_password,
  };
  return names[path.split('.').at(-1) ?? path]?.() ?? path;
}
