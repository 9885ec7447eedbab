import type { ErrorCode, Problem } from '../contract';
import { m } from '../paraglide/messages';

type Params = Problem['params'];

// One sentence for every code: what happened, what still works, what to do. The compiler asks for each new code.
const sentences: Record<ErrorCode, (params: Params) => string> = {
  wrongPassword: (p) => m.problem_wrong_password({ address: account(p) }),
  unknownUser: (p) => m.problem_unknown_user({ address: account(p) }),
  forbidden: (p) =>
    p['target']
      ? m.problem_forbidden_call({ target: p['target'] })
      : m.problem_forbidden_account({ address: account(p) }),
  serverNotFound: (p) => m.problem_server_not_found({ server: server(p) }),
  serverUnreachable: (p) =>
    forCall(p)
      ? m.problem_server_silent_call({ target: target(p) })
      : m.problem_server_unreachable({ server: server(p) }),
  serverUnavailable: (p) =>
    forCall(p)
      ? m.problem_server_busy_call({ target: target(p) })
      : begin(m.problem_server_unavailable({ server: server(p) })),
  certificateInvalid: (p) => begin(m.problem_certificate({ server: server(p) })),
  registrationRefused: (p) => begin(m.problem_registration_refused({ server: server(p) })),
  offline: () => m.problem_offline(),
  fieldInvalid: (p) => fieldSentence(p['field']),
  noAccount: () => m.problem_no_account(),
  invalidTarget: (p) => begin(m.problem_invalid_target({ target: number(p) })),
  busy: (p) => begin(m.problem_busy({ target: target(p) })),
  declined: (p) => begin(m.problem_declined({ target: target(p) })),
  noAnswer: (p) => begin(m.problem_no_answer({ target: target(p) })),
  notFound: (p) => begin(m.problem_not_found({ target: number(p) })),
  unavailable: (p) => begin(m.problem_unavailable({ target: target(p) })),
  numberIncomplete: (p) => begin(m.problem_number_incomplete({ target: number(p) })),
  noCodecInCommon: (p) => m.problem_no_codec({ target: target(p) }),
  securityMismatch: (p) => m.problem_security({ target: target(p) }),
  callFailed: (p) => m.problem_call_failed({ target: target(p) }),
  connectionLost: (p) => m.problem_connection_lost({ target: target(p) }),
  noAudio: (p) => m.problem_no_audio({ target: target(p) }),
  holdRefused: (p) => begin(m.problem_hold_refused({ target: target(p) })),
  transferFailed: (p) => m.problem_transfer_failed({ target: target(p) }),
  noMicrophone: () => m.problem_no_microphone(),
  noSpeaker: () => m.problem_no_speaker(),
  microphoneRefused: () => m.problem_microphone_refused(),
  deviceLost: (p) => begin(deviceLost(p, m.problem_device_lost)),
  storageFailed: () => m.problem_storage_failed(),
  storageNewer: () => m.problem_storage_newer(),
  storageDamaged: (p) => m.problem_storage_damaged({ path: p['path'] ?? m.problem_same_folder() }),
  keyStoreMissing: () => m.problem_key_store(),
  makingCallsOff: (p) => begin(m.problem_making_calls_off({ by: p['by'] ?? m.problem_your_administrator() })),
  notAServer: (p) => m.problem_not_a_server({ server: server(p) }),
  linkInvalid: () => m.problem_link_invalid(),
  clientTooOld: (p) => begin(m.problem_client_too_old({ server: server(p) })),
  serverTooOld: (p) => begin(m.problem_server_too_old({ server: server(p) })),
  loggedOut: (p) =>
    p['by'] ? m.problem_logged_out_by({ by: p['by'], server: server(p) }) : m.problem_logged_out({ server: server(p) }),
  unknown: () => m.problem_unknown(),
};

/** Every code there are words for. */
export const errorCodes = Object.keys(sentences) as ErrorCode[];

/**
 * What to tell about `problem`; a code from a newer shell gets the sentence for what has no words. Where no call is
 * going on, nothing is said about one.
 */
export function inWords(problem: Problem, inCall = true): string {
  if (!inCall && problem.code === 'deviceLost') return begin(deviceLost(problem.params, m.problem_device_lost_idle));
  const sentence = sentences[problem.code] ?? sentences.unknown;
  return sentence(problem.params);
}

/** A field of the account form. */
export type AccountField = 'domain' | 'userName' | 'secret' | 'server';

const fields: readonly AccountField[] = ['domain', 'userName', 'secret', 'server'];

/** Near which field of the account form a problem is told, or nothing where it belongs to none. */
export function fieldOf(problem: Problem, serverTyped: boolean): AccountField | undefined {
  switch (problem.code) {
    case 'wrongPassword':
      return 'secret';
    case 'unknownUser':
      return 'userName';
    case 'serverNotFound':
    case 'serverUnreachable':
    case 'certificateInvalid':
      return serverTyped ? 'server' : 'domain';
    case 'fieldInvalid':
      return fields.find((field) => field === problem.params['field']);
    default:
      return undefined;
  }
}

// The same trouble with a server ends a call or keeps an account from being reached: each needs another sentence.
function forCall(p: Params): boolean {
  return p['target'] !== undefined && p['server'] === undefined;
}

function fieldSentence(field: string | undefined): string {
  switch (field) {
    case 'domain':
      return m.problem_field_domain();
    case 'userName':
      return m.problem_field_user();
    case 'secret':
      return m.problem_field_secret();
    case 'server':
      return m.problem_field_server();
    default:
      return m.problem_field();
  }
}

function deviceLost(p: Params, sentence: typeof m.problem_device_lost): string {
  const device = p['device'] ?? m.problem_that_device();
  const inUse = p['inUse'];
  return inUse ? sentence({ device, inUse }) : m.problem_device_lost_bare({ device });
}

function account(p: Params): string {
  return p['address'] ?? m.problem_your_account();
}

function server(p: Params): string {
  return p['server'] ?? m.problem_your_server();
}

function target(p: Params): string {
  return p['target'] ?? m.problem_they();
}

function number(p: Params): string {
  return p['target'] ?? m.problem_this_number();
}

/** A sentence with a capital; an address at its head keeps its small letter. */
export function begin(sentence: string): string {
  const first = sentence.split(' ', 1)[0] ?? '';
  return /[@.\d]/u.test(first) ? sentence : sentence.charAt(0).toLocaleUpperCase() + sentence.slice(1);
}
