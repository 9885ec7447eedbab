import { render, screen } from '@testing-library/svelte';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { tick } from 'svelte';
import { FakeServer, type Sent } from '../fake/server';
import Portal from '../Portal.svelte';
import { Session } from '../state/session.svelte';

/** The portal over a scripted server, as an administrator meets it. */
export interface OpenedPortal {
  server: FakeServer;
  session: Session;
  user: UserEvent;
}

/** Opens the portal at an address, after `prepare` changed what the server holds. */
export async function openPortal(hash: string, prepare?: (server: FakeServer) => void): Promise<OpenedPortal> {
  localStorage.clear();
  location.hash = hash;
  const server = new FakeServer();
  prepare?.(server);
  const session = new Session(server);
  render(Portal, { session });
  await screen.findByRole('heading', { level: 1 });
  await tick();
  return { server, session, user: userEvent.setup() };
}

/** What the server was asked with one method under one path. */
export function asked(server: FakeServer, method: string, path: string): Sent[] {
  return server.sent.filter((sent) => sent.method === method && sent.path === path);
}
