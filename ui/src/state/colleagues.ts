import type { Colleague, Party, PhoneView, Presence } from '../contract';

/** Whether the one behind `party` can be reached, where that is a colleague; nothing while nobody can say. */
export function presenceOf({ server }: PhoneView, party: Party): Presence | undefined {
  if (!server?.features.presence || server.connection.state !== 'online') return undefined;
  return server.colleagues.find((colleague) => isColleague(colleague, party))?.presence;
}

function isColleague({ extension, numbers }: Colleague, { number }: Party): boolean {
  const typed = digits(number);
  if (typed === '') return false;
  return extension === typed || numbers.some((one) => digits(one) === typed);
}

function digits(number: string): string {
  return number.replace(/[\s().-]/gu, '');
}
