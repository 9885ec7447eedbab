import type { Language } from '../../contract';
import type { Wire } from '../wire';
import { FakeServer } from './server';

/** Where the scripted server can start, by name. */
export const scenes: Record<string, (server: FakeServer) => void> = {
  admin: () => undefined,
  out: (server) => (server.who = undefined),
  first: (server) => (server.passwordChangeNeeded = true),
  member: (server) => (server.who = 1),
  partner: (server) => (server.administers = [{ id: 2, name: 'Wheel Works' }]),
  quiet: (server) => (server.requests = []),
};

/** A scripted server as the address asks for it: `?scene=out&lang=nl&theme=dark`. */
export function wireFromAddress(): Wire {
  const query = new URLSearchParams(location.search);
  const server = new FakeServer();
  scenes[query.get('scene') ?? 'admin']?.(server);
  const language = (query.get('lang') ?? 'system') as Language;
  for (const user of server.users) user.security = { ...user.security, language };
  const theme = query.get('theme');
  if (theme) localStorage.setItem('bellbird.theme', theme);
  return server;
}
