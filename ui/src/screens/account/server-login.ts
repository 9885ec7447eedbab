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
