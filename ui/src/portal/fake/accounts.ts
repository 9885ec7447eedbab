import type { AccountEdit, AccountSummary } from '../../contract';
import { owner } from './people';
import { onRevision, type FakeRoute } from './routes';
import { Refusal, type FakeServer, type Sent } from './server';
import { wholeAccount } from './things';

export const accountRoutes: FakeRoute[] = [
  ['GET', /^\/accounts$/u, (server) => server.accounts],
  ['POST', /^\/accounts$/u, create],
  ['GET', /^\/accounts\/(\d+)$/u, (server, _sent, id) => wholeAccount(find(server, id), server.now)],
  ['PUT', /^\/accounts\/(\d+)$/u, change],
  [
    'DELETE',
    /^\/accounts\/(\d+)$/u,
    (server, _sent, id) => void (server.accounts = server.accounts.filter((account) => account.id !== Number(id))),
  ],
  ['POST', /^\/accounts\/(\d+)\/secret$/u, (server, _sent, id) => secret(server, find(server, id))],
  ['POST', /^\/accounts\/(\d+)\/sip-test$/u, test],
  [
    'POST',
    /^\/accounts\/(\d+)\/network-test$/u,
    (server) => ({ at: server.now, loss: 80, jitterMillis: 34, roundTripMillis: 21 }),
  ],
  ['DELETE', /^\/accounts\/(\d+)\/registrations\/(.+)$/u, removeRegistration],
];

function find(server: FakeServer, id: string | undefined): AccountSummary {
  const account = server.accounts.find((candidate) => candidate.id === Number(id));
  if (!account) throw new Refusal('notFound', 404);
  return account;
}

function create(server: FakeServer, { body }: Sent): unknown {
  const edit = body as AccountEdit;
  const id = 250 + server.accounts.length;
  const account: AccountSummary = {
    id,
    number: edit.number ?? String(id),
    name: edit.name,
    kind: edit.kind,
    owners: edit.owners.map(owner),
    state: edit.kind.kind === 'forward' ? { kind: 'external' } : { kind: 'notRegistered' },
    revision: 1,
  };
  server.accounts = [...server.accounts, account];
  server.tell({ kind: 'accountChanged', account });
  return secret(server, account);
}

function change(server: FakeServer, { body }: Sent, id?: string): unknown {
  const edit = body as AccountEdit;
  const before = find(server, id);
  onRevision(edit.base, before.revision);
  const account = {
    ...before,
    name: edit.name,
    kind: edit.kind,
    owners: edit.owners.map(owner),
    revision: before.revision + 1,
  };
  server.accounts = server.accounts.map((other) => (other.id === account.id ? account : other));
  server.tell({ kind: 'accountChanged', account });
  return wholeAccount(account, server.now);
}

function secret(server: FakeServer, account: AccountSummary): unknown {
  const whole = wholeAccount(account, server.now);
  return {
    account: whole,
    credentials: {
      authName: whole.authName,
      realm: 'fiets.example',
      secret: 'demo-only-9f4c-7k2m',
      algorithm: whole.algorithm,
    },
    server: 'sip.fiets.example',
    actionUrls: [],
  };
}

function test(server: FakeServer, _sent: Sent, id?: string): unknown {
  const account = find(server, id);
  const { registrations } = wholeAccount(account, server.now);
  const answers = registrations.map((registration) =>
    account.state.kind === 'silent'
      ? { registration: registration.id }
      : { registration: registration.id, status: 200, millis: 18 },
  );
  return { at: server.now, registrations: registrations.length, answers, featureEvents: true };
}

function removeRegistration(server: FakeServer, _sent: Sent, id?: string): undefined {
  const account: AccountSummary = { ...find(server, id), state: { kind: 'notRegistered' } };
  server.accounts = server.accounts.map((other) => (other.id === account.id ? account : other));
  server.tell({ kind: 'accountChanged', account });
}
