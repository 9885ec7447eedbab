import type { ServerTrouble } from '../../contract';

/** A field of the form for logging in. */
export type LoginField = 'server' | 'login' | 'secret';

/** Near which field trouble with logging in is told, or nothing where it belongs to none. */
export function troubleField(trouble: ServerTrouble): LoginField | undefined {
  if (trouble.where === 'there') return trouble.problem.code === 'wrongCredentials' ? 'secret' : undefined;
  if (trouble.where === 'unknown') return undefined;
  switch (trouble.problem.code) {
    case 'serverNotFound':
    case 'serverUnreachable':
    case 'serverUnavailable':
    case 'certificateInvalid':
    case 'notAServer':
      return 'server';
    case 'wrongPassword':
      return 'secret';
    case 'unknownUser':
      return 'login';
    default:
      return undefined;
  }
}

/** Whether it is the new password that the server does not take. */
export function isAboutNewPassword(trouble: ServerTrouble): boolean {
  if (trouble.where !== 'there') return false;
  const { code, field } = trouble.problem;
  return code === 'passwordTooShort' || code === 'passwordTooCommon' || (code === 'fieldInvalid' && field === 'new');
}

/** Whether the password until now is another one. */
export function isAboutOldPassword(trouble: ServerTrouble): boolean {
  if (trouble.where !== 'there') return false;
  const { code, field } = trouble.problem;
  return code === 'wrongCredentials' || (code === 'fieldInvalid' && field === 'old');
}
