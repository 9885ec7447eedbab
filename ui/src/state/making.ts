import type { PhoneView } from '../contract';

/** Why nobody can be called from here now: there is no network, or *Make calls* is off. */
export type Obstacle = 'offline' | 'off';

/** What stands in the way of calling `target`; nothing for an emergency number while there is a network. */
export function obstacle(view: PhoneView, target = ''): Obstacle | undefined {
  if (view.connectivity.state === 'offline') return 'offline';
  return makingIsOff(view) && !isEmergency(view, target) ? 'off' : undefined;
}

/** Whether *Make calls* is off here, whoever turned it off. */
export function makingIsOff({ server }: PhoneView): boolean {
  return server !== undefined && !server.settings.own.effective.make.value;
}

/** Whether `target` is a number that always dials here. */
export function isEmergency({ emergencyNumbers }: PhoneView, target: string): boolean {
  const user = target.replace(/^(?:sips?|tel):/iu, '').split('@', 1)[0] ?? '';
  return emergencyNumbers.includes(user.replace(/[\s().-]/gu, ''));
}
