import type {
  ChangeRequestAnswer,
  ChangeRequestDraft,
  Contact,
  ContactEdit,
  NumberEdit,
  OrganisationChange,
  SessionRequest,
  SettingsChange,
  SetUp,
  TrunkEdit,
} from '../../contract';
import { accountRoutes } from './accounts';
import { Refusal, type FakeServer, type Sent } from './server';
import { changeUser, setAvailability, setDnd, userRoutes } from './users';

/** What a request of one shape is answered with; `undefined` for no content. */
export type Handler = (server: FakeServer, sent: Sent, ...parts: string[]) => unknown;
export type FakeRoute = [method: string, path: RegExp, handler: Handler];

const open = ['/hello', '/sessions', '/links', '/set-up'];

const routes: FakeRoute[] = [
  ['GET', /^\/hello$/u, hello],
  ['GET', /^\/sessions\/current$/u, (server) => session(server)],
  ['POST', /^\/sessions$/u, logIn],
  ['DELETE', /^\/sessions\/current$/u, (server) => void (server.who = undefined)],
  ['POST', /^\/set-up\/(.+)$/u, setUp],
  ['GET', /^\/me$/u, (server) => server.me()],
  ['PUT', /^\/me\/password$/u, changePassword],
  ['PATCH', /^\/me$/u, (server, sent) => changeUser(server, sent, String(server.who)) && server.me()],
  ['GET', /^\/me\/profile$/u, (server) => server.user(server.who ?? 4)],
  ['PUT', /^\/me\/dnd$/u, (server, sent) => setDnd(server, sent, String(server.who))],
  ['PUT', /^\/me\/availability$/u, (server, sent) => setAvailability(server, sent, String(server.who))],
  ['GET', /^\/me\/settings$/u, (server) => server.ownSettings()],
  ['PUT', /^\/me\/settings$/u, changeOwnSettings],
  ['POST', /^\/me\/requests$/u, askFor],
  ['GET', /^\/colleagues$/u, (server) => server.colleagues()],
  ['GET', /^\/contacts$/u, (server) => server.contacts],
  [
    'POST',
    /^\/contacts$/u,
    (server, sent) => putContact(server, sent.body as ContactEdit, 20 + server.contacts.length),
  ],
  ['PUT', /^\/contacts\/(\d+)$/u, (server, sent, id) => putContact(server, sent.body as ContactEdit, Number(id))],
  [
    'DELETE',
    /^\/contacts\/(\d+)$/u,
    (server, _sent, id) => void (server.contacts = server.contacts.filter((one) => one.id !== Number(id))),
  ],
  ['GET', /^\/employers$/u, () => ['Voorbeeld Bikes', 'Wheel Works']],
  ['GET', /^\/me\/records$/u, calls],
  ['GET', /^\/me\/api-keys$/u, (server) => server.user(server.who ?? 4).apiKeys],
  ['POST', /^\/me\/api-keys$/u, newKey],
  ['DELETE', /^\/me\/api-keys\/(\d+)$/u, (server) => void (server.user(server.who ?? 4).apiKeys = [])],
  ['GET', /^\/links\/(.+)$/u, (_server, _sent, token) => link(token ?? '')],
  ['POST', /^\/links\/(.+)$/u, useLink],
  ...userRoutes,
  ...accountRoutes,
  ['GET', /^\/numbers$/u, (server) => server.numbers],
  ['POST', /^\/numbers$/u, (server, sent) => putNumber(server, sent.body as NumberEdit, 100 + server.numbers.length)],
  ['PUT', /^\/numbers\/(\d+)$/u, (server, sent, id) => putNumber(server, sent.body as NumberEdit, Number(id))],
  [
    'DELETE',
    /^\/numbers\/(\d+)$/u,
    (server, _sent, id) => void (server.numbers = server.numbers.filter((entry) => entry.id !== Number(id))),
  ],
  ['GET', /^\/trunks$/u, (server) => server.trunks],
  ['POST', /^\/trunks$/u, (server, sent) => putTrunk(server, sent.body as TrunkEdit, 10 + server.trunks.length)],
  ['PUT', /^\/trunks\/(\d+)$/u, (server, sent, id) => putTrunk(server, sent.body as TrunkEdit, Number(id))],
  [
    'DELETE',
    /^\/trunks\/(\d+)$/u,
    (server, _sent, id) => void (server.trunks = server.trunks.filter((trunk) => trunk.id !== Number(id))),
  ],
  [
    'POST',
    /^\/trunks\/(\d+)\/test$/u,
    (server) => ({ at: server.now, outcome: 'works', words: 'It is there.', status: 200, millis: 24 }),
  ],
  ['GET', /^\/requests$/u, (server) => server.requests],
  ['POST', /^\/requests\/(\d+)\/answer$/u, answerRequest],
  ['GET', /^\/audit$/u, audit],
  ['GET', /^\/calls$/u, calls],
  [
    'GET',
    /^\/calls\/(.+)\/why$/u,
    (server, _sent, id) => {
      const record = server.records.find((candidate) => candidate.id === id);
      if (!record) throw new Refusal('notFound', 404);
      return record;
    },
  ],
  ['GET', /^\/organisation$/u, (server) => server.organisation],
  ['PATCH', /^\/organisation$/u, changeOrganisation],
];

/** Answers as the server would: only to whom is logged in, and writes only with the token. */
export function answer(server: FakeServer, sent: Sent): unknown {
  if (!open.some((path) => sent.path.startsWith(path))) {
    if (server.who === undefined) throw new Refusal('notLoggedIn', 401);
    if (sent.method !== 'GET' && sent.csrf !== server.csrf) throw new Refusal('csrfMissing', 403);
  }
  for (const [method, path, handler] of routes) {
    const match = method === sent.method ? path.exec(sent.path) : null;
    if (match) return handler(server, sent, ...match.slice(1));
  }
  throw new Refusal('notFound', 404);
}

/** Refuses what was written on another revision than the one that stands there. */
export function onRevision(base: number | undefined, revision: number, by = 'Els Hoekstra'): void {
  if (base !== undefined && base !== revision) throw new Refusal('conflict', 409, { by });
}

function hello(server: FakeServer): unknown {
  return {
    protocolMin: 1,
    protocolMax: 1,
    name: 'bellbird-server 0.1.0',
    organisation: { id: 1, name: server.organisation.name },
    now: server.now,
    needsSetUp: false,
  };
}

function session(server: FakeServer): unknown {
  if (server.who === undefined) throw new Refusal('notLoggedIn', 401);
  return { me: server.me(), csrf: server.csrf };
}

function logIn(server: FakeServer, { body }: Sent): unknown {
  const { login, secret } = body as SessionRequest;
  const user = server.users.find((candidate) => candidate.login === login);
  if (!user || secret !== server.password) throw new Refusal('wrongCredentials', 401, { login, triesLeft: '3' });
  server.who = user.user.id;
  return session(server);
}

function changePassword(server: FakeServer, { body }: Sent): undefined {
  const { old, new: secret } = body as { old?: string; new: string };
  if (old !== server.password) throw new Refusal('fieldInvalid', 422, {}, 'old');
  if (secret.length < 10) throw new Refusal('passwordTooShort', 422, { least: '10' }, 'new');
  server.passwordChangeNeeded = false;
  server.password = secret;
  server.who = undefined;
}

function link(token: string): unknown {
  if (token === 'old') throw new Refusal('linkUsed', 410, { at: String(Date.now() - 3_600_000) });
  if (token !== 'welcome' && token !== 'reset') throw new Refusal('linkInvalid', 410);
  return {
    purpose: token === 'reset' ? 'reset' : 'invitation',
    name: 'Femke Jansen',
    login: 'femke.jansen@fiets.example',
    organisation: { id: 1, name: 'Voorbeeld Bikes' },
    passwordLeast: 10,
  };
}

function useLink(server: FakeServer, { body }: Sent, token?: string): undefined {
  link(token ?? '');
  const secret = (body as { new: string }).new;
  if (secret.length < 10) throw new Refusal('passwordTooShort', 422, { least: '10' });
  server.password = secret;
}

function putNumber(server: FakeServer, edit: NumberEdit, id: number): unknown {
  const before = server.numbers.find((entry) => entry.id === id);
  onRevision(edit.base, before?.revision ?? 0);
  if (!before && server.numbers.some((entry) => entry.written === edit.number))
    throw new Refusal('numberTaken', 409, { number: edit.number });
  const to = edit.to;
  const toName = to?.kind === 'user' ? server.user(to.user).user.firstName : to?.kind === 'external' ? to.number : '';
  const entry = {
    id,
    number: edit.number,
    written: edit.number,
    ...(to ? { to } : {}),
    ...(toName ? { toName } : {}),
    ...(edit.trunk === undefined ? {} : { trunk: edit.trunk }),
    revision: (before?.revision ?? 0) + 1,
  };
  server.numbers = [...server.numbers.filter((other) => other.id !== id), entry];
  server.tell({ kind: 'numberChanged', number: entry });
  return entry;
}

function putTrunk(server: FakeServer, edit: TrunkEdit, id: number): unknown {
  const before = server.trunks.find((trunk) => trunk.id === id);
  onRevision(edit.base, before?.revision ?? 0);
  const trunk = {
    id,
    settings: edit.settings,
    health: edit.settings.active ? { kind: 'unproven' as const } : { kind: 'off' as const },
    calls: 0,
    revision: (before?.revision ?? 0) + 1,
  };
  server.trunks = [...server.trunks.filter((other) => other.id !== id), trunk];
  return trunk;
}

function answerRequest(server: FakeServer, { body }: Sent, id?: string): unknown {
  const request = server.requests.find((candidate) => candidate.id === Number(id));
  if (!request) throw new Refusal('notFound', 404);
  if (request.state.kind !== 'open') throw new Refusal('requestSettled', 409, { by: 'Els Hoekstra' });
  const given = body as ChangeRequestAnswer;
  const stamp = { author: server.author(), since: server.now };
  const state =
    given.answer === 'decline'
      ? { kind: 'declined' as const, stamp: { ...stamp, note: given.note } }
      : { kind: given.answer === 'permit' ? ('permitted' as const) : ('accepted' as const), stamp };
  const settled = { ...request, state, revision: request.revision + 1 };
  server.requests = server.requests.map((other) => (other.id === request.id ? settled : other));
  server.tell({ kind: 'changeRequest', request: settled });
  return settled;
}

function audit(server: FakeServer, { query }: Sent): unknown {
  const [what, before, after] = [query.get('what'), query.get('before'), query.get('after')];
  return server.audit
    .filter((entry) => !what || entry.what === what)
    .filter((entry) => !before || entry.id < Number(before))
    .filter((entry) => !after || entry.at >= Number(after))
    .slice(0, Number(query.get('limit') ?? 100));
}

function calls(server: FakeServer, { query }: Sent): unknown {
  const search = (query.get('search') ?? '').toLowerCase();
  return server.records
    .filter((record) => query.get('missedOnly') !== 'true' || record.answered === undefined)
    .filter((record) => !query.get('before') || record.started < Number(query.get('before')))
    .filter((record) =>
      [record.from.name, record.to?.name].some((name) => (name ?? '').toLowerCase().includes(search)),
    );
}

function changeOrganisation(server: FakeServer, { body }: Sent): unknown {
  const change = body as OrganisationChange;
  onRevision(change.base, server.organisation.revision);
  server.organisation = {
    ...server.organisation,
    ...(change.name === undefined ? {} : { name: change.name }),
    settings: change.settings ?? server.organisation.settings,
    revision: server.organisation.revision + 1,
  };
  return server.organisation;
}

function newKey(server: FakeServer, { body }: Sent): unknown {
  const key = { id: 7, name: (body as { name: string }).name, created: server.now };
  const user = server.user(server.who ?? 4);
  user.apiKeys = [...user.apiKeys, key];
  return { key, secret: 'bbk_demo-only' };
}

function setUp(server: FakeServer, { body }: Sent, token?: string): undefined {
  if (token !== 'first') throw new Refusal('linkExpired', 410);
  const { organisation, admin } = body as SetUp;
  if ((admin.password ?? '').length < 10) throw new Refusal('passwordTooShort', 422, { least: '10' });
  server.organisation = { ...server.organisation, name: organisation };
  server.password = admin.password ?? '';
  const first = server.user(4);
  first.login = admin.email;
  Object.assign(first.user, { firstName: admin.firstName, lastName: admin.lastName, email: admin.email });
}

function putContact(server: FakeServer, { base, ...edit }: ContactEdit, id: number): Contact {
  const before = server.contacts.find((one) => one.id === id);
  onRevision(base, before?.revision ?? 0);
  const contact = { id, ...edit, revision: (before?.revision ?? 0) + 1 };
  server.contacts = [...server.contacts.filter((one) => one.id !== id), contact];
  return contact;
}

function changeOwnSettings(server: FakeServer, { body }: Sent): unknown {
  const change = body as SettingsChange;
  const who = server.user(server.who ?? 4);
  const stamp = { author: server.author(), since: server.now };
  if (change.direction === 'incoming') {
    if (!who.permissions.configureIncoming) throw new Refusal('lockedByAdministrator', 403);
    const mode = change.receive ? ('enabled' as const) : ('disabled' as const);
    who.incoming = { revision: who.incoming.revision + 1, mode, stamp };
  }
  if (change.direction === 'outgoing') {
    if (!who.permissions.configureOutgoing) throw new Refusal('lockedByAdministrator', 403);
    const mode = change.make ? ('enabled' as const) : ('disabled' as const);
    const callMethod = change.callMethod ?? who.outgoing.callMethod;
    who.outgoing = { revision: who.outgoing.revision + 1, mode, callMethod, stamp };
  }
  return server.ownSettings();
}

function askFor(server: FakeServer, { body }: Sent): unknown {
  const asked = body as ChangeRequestDraft;
  const { id, firstName, lastName } = server.me();
  const user = { id, name: `${firstName} ${lastName}` };
  const state = { kind: 'open' as const };
  const request = { id: 90, user, at: server.now, asked, lockedWith: 0, state, revision: 1 };
  server.requests = [request, ...server.requests];
  return request;
}
