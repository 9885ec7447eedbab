import type { CallMethod, Mode, Role } from '../../contract';
import { m } from '../../paraglide/messages';

/** The roles that can be given. */
export const roles = ['admin', 'accountManagement', 'receptionist', 'callDetails', 'member'] as const;
/** The modes of a call setting. */
export const modes = ['individual', 'enabled', 'disabled'] as const;
/** The ways to call. */
export const methods = ['softphone', 'deskPhone', 'mobile'] as const;

export function roleName(role: Role): string {
  switch (role) {
    case 'admin':
      return m.role_admin();
    case 'accountManagement':
      return m.role_account_management();
    case 'receptionist':
      return m.role_receptionist();
    case 'callDetails':
      return m.role_call_details();
    case 'member':
    case 'unknown':
      return m.role_member();
  }
}

/** A mode as it is chosen. */
export function modeName(mode: Mode): string {
  switch (mode) {
    case 'enabled':
      return m.mode_enabled();
    case 'disabled':
      return m.mode_disabled();
    case 'individual':
    case 'unknown':
      return m.mode_individual();
  }
}

/** A mode inside a sentence. */
export function modeWord(mode: Mode): string {
  switch (mode) {
    case 'enabled':
      return m.mode_short_enabled();
    case 'disabled':
      return m.mode_short_disabled();
    case 'individual':
    case 'unknown':
      return m.mode_short_individual();
  }
}

/** What a mode means. */
export function modeHelp(mode: Mode, direction: 'incoming' | 'outgoing'): string {
  switch (mode) {
    case 'enabled':
      return m.mode_help_enabled();
    case 'disabled':
      return direction === 'incoming' ? m.mode_help_disabled() : m.mode_help_make_disabled();
    case 'individual':
    case 'unknown':
      return m.mode_help_individual();
  }
}

export function methodName(method: CallMethod): string {
  switch (method) {
    case 'deskPhone':
      return m.method_desk_phone();
    case 'mobile':
      return m.method_mobile();
    case 'softphone':
    case 'unknown':
      return m.method_softphone();
  }
}

/** What a call method does. */
export function methodHelp(method: CallMethod): string {
  switch (method) {
    case 'deskPhone':
      return m.method_help_desk_phone();
    case 'mobile':
      return m.method_help_mobile();
    case 'softphone':
    case 'unknown':
      return m.method_help_softphone();
  }
}

/** Whether this role looks after other people's settings. */
export function manages(role: Role): boolean {
  return role === 'admin' || role === 'accountManagement';
}

/** First and last name. */
export function fullName(user: { firstName: string; lastName: string }): string {
  return `${user.firstName} ${user.lastName}`.trim();
}
