import type {
  AdminChange,
  BulkEdit,
  DryRun,
  Page,
  UserChange,
  UserDetail,
  UserDraft,
  UserRow,
  Warning,
} from '../../contract';
import { security, telephony } from './people';
import type { FakeRoute } from './routes';
import { Refusal, type FakeServer, type Sent } from './server';

export const userRoutes: FakeRoute[] = [
  ['GET', /^\/users$/u, list],
  ['POST', /^\/users$/u, create],
  ['POST', /^\/users\/bulk$/u, bulk],
  ['GET', /^\/users\/(\d+)$/u, (server, _sent, id) => server.user(Number(id))],
  ['PATCH', /^\/users\/(\d+)$/u, changeUser],
  ['PUT', /^\/users\/(\d+)\/dnd$/u, setDnd],
  ['PUT', /^\/users\/(\d+)\/availability$/u, setAvailability],
  ['POST', /^\/users\/(\d+)\/links$/u, issueLink],
  ['DELETE', /^\/users\/(\d+)\/clients\/(.+)$/u, (server, _sent, id) => void (server.user(Number(id)).clients = [])],
  ['DELETE', /^\/users\/(\d+)\/api-keys\/(\d+)$/u, (server, _sent, id) => void (server.user(Number(id)).apiKeys = [])],
  ['DELETE', /^\/users\/(\d+)$/u, remove],
  [
    'POST',
    /^\/users\/(\d+)\/password$/u,
    (server) => ({
      purpose: 'reset',
      url: 'https://bel.fiets.example/reset#r7',
      expires: server.now + 86_400_000,
      sent: true,
    }),
  ],
];

const nameOf = (row: UserRow): string => `${row.firstName} ${row.lastName}`;

function list(server: FakeServer, { query }: Sent): Page<UserRow> {
  const search = (query.get('search') ?? '').toLowerCase();
  const sort = query.get('sort') ?? 'name';
  const key = (row: UserRow): string | number =>
    sort === 'name' ? nameOf(row) : ((row as unknown as Record<string, string | number | undefined>)[sort] ?? '');
  const found = server.users
    .map(({ user }) => user)
    .filter((row) => [nameOf(row), row.email, row.extension ?? ''].some((text) => text.toLowerCase().includes(search)))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
  if (query.get('descending') === 'true') found.reverse();
  return { items: found, total: found.length };
}

function create(server: FakeServer, { body }: Sent): unknown {
  const draft = body as UserDraft;
  free(server, draft.extension, draft.reuseExtension);
  server.contacts = server.contacts.filter((contact) => contact.id !== draft.contact);
  const id = 50 + server.users.length;
  const stamp = { author: server.author(), since: server.now };
  const user: UserDetail = {
    user: {
      id,
      firstName: draft.firstName,
      lastName: draft.lastName,
      email: draft.email,
      extension: draft.extension,
      role: draft.role,
      created: server.now,
      disabled: false,
      presence: 'noPhone',
      revision: 1,
    },
    login: draft.login ?? draft.email,
    personal: draft.personal,
    telephony: telephony(),
    numbers: [],
    availability: { availability: { kind: 'available', at: { kind: 'allDevices' } }, stamp },
    dnd: { state: {}, on: false, receipts: [] },
    incoming: { revision: 1, mode: 'individual', stamp },
    outgoing: { revision: 1, mode: 'individual', callMethod: 'softphone', stamp },
    clients: [],
    permissions: { configureIncoming: true, configureOutgoing: true },
    accounts: [],
    security: security(),
    apiKeys: [],
  };
  server.users = [...server.users, user];
  if (draft.password !== undefined) return { user };
  const url = 'https://bel.fiets.example/invitation#welcome';
  return { user, invitation: { purpose: 'invitation', url, expires: server.now + 3 * 86_400_000, sent: false } };
}

function free(server: FakeServer, extension: string, reuse: boolean, self?: number): void {
  const holder = server.users.find(({ user }) => user.extension === extension && user.id !== self);
  if (holder)
    throw new Refusal('extensionTaken', 409, { extension, owner: nameOf(holder.user), free: '630' }, 'extension');
  if (extension === '699' && !reuse)
    throw new Refusal('extensionUsedBefore', 409, { extension, owner: 'Karin Blom' }, 'extension');
}

export function changeUser(server: FakeServer, { body }: Sent, id?: string): UserDetail {
  const { base, reuseExtension, personal, telephony: phone, security: secured, login, ...row } = body as UserChange;
  const user = structuredClone(server.user(Number(id)));
  if (base !== user.user.revision) throw new Refusal('conflict', 409, { by: 'Els Hoekstra' });
  if (row.extension !== undefined) free(server, row.extension, reuseExtension, user.user.id);
  Object.assign(user.user, row, { revision: base + 1 });
  if (login !== undefined) user.login = login;
  if (personal) user.personal = personal;
  if (phone) user.telephony = phone;
  if (secured) {
    user.security = secured;
    user.user.disabled = secured.disabled;
  }
  server.users = server.users.map((other) => (other.user.id === user.user.id ? user : other));
  server.tell({ kind: 'userChanged', user: user.user, author: server.author() });
  if (user.user.id === server.who) server.tell({ kind: 'me', me: server.me() });
  return user;
}

function remove(server: FakeServer, _sent: Sent, id?: string): undefined {
  if (Number(id) === server.who) throw new Refusal('notYourself', 409);
  server.users = server.users.filter(({ user }) => user.id !== Number(id));
  server.tell({ kind: 'userDeleted', user: Number(id) });
}

function bulk(server: FakeServer, { body, query }: Sent): DryRun {
  const edit = body as BulkEdit;
  const run: DryRun = { changes: [], warnings: [], problems: [] };
  for (const one of edit.users) {
    const user = server.user(one.user);
    const moved =
      (one.incoming !== undefined && one.incoming !== user.incoming.revision) ||
      (one.outgoing !== undefined && one.outgoing !== user.outgoing.revision);
    const owner = { id: user.user.id, name: nameOf(user.user) };
    if (moved)
      run.problems.push({ user: owner, problem: new Refusal('conflict', 409, { by: 'Els Hoekstra' }).problem });
    for (const change of edit.changes) {
      run.changes.push(...tried(user, change).map((found) => ({ ...found, user: owner })));
      run.warnings.push(...warned(user, change));
    }
  }
  if (query.get('dry_run') !== 'true' && run.problems.length === 0) write(server, edit);
  return run;
}

function tried(user: UserDetail, change: AdminChange): Omit<DryRun['changes'][number], 'user'>[] {
  switch (change.what) {
    case 'incoming':
      return differs('incomingCalls', user.incoming.mode, change.mode);
    case 'outgoing':
      return [
        ...differs('outgoingCalls', user.outgoing.mode, change.mode),
        ...differs('outgoingCalls', user.outgoing.callMethod, change.callMethod ?? user.outgoing.callMethod),
      ];
    case 'permission': {
      const key = change.permission === 'configureIncoming' ? 'configureIncoming' : 'configureOutgoing';
      return differs('permission', String(user.permissions[key]), String(change.granted));
    }
    case 'unknown':
      return [];
  }
}

function differs(
  what: DryRun['changes'][number]['what'],
  before: string,
  after: string,
): Omit<DryRun['changes'][number], 'user'>[] {
  return before === after ? [] : [{ what, before, after }];
}

function warned(user: UserDetail, change: AdminChange): Warning[] {
  const owner = { id: user.user.id, name: nameOf(user.user) };
  const desk = user.accounts.some((account) => account.kind.kind === 'deskPhone');
  if (change.what === 'incoming' && change.mode === 'disabled' && !desk) {
    const number = { kind: 'numberWithoutPhone' as const, number: '020 012 10 00', callsADay: 38 };
    return [{ kind: 'unreachable', user: owner }, ...(user.user.id === 12 ? [number] : [])];
  }
  if (change.what === 'outgoing' && change.callMethod === 'deskPhone' && !desk)
    return [{ kind: 'methodNotPossible', user: owner, method: 'deskPhone' }];
  return [];
}

function write(server: FakeServer, edit: BulkEdit): void {
  const stamp = { author: server.author(), since: server.now };
  for (const { user: id } of edit.users)
    server.change(
      id,
      (user) => {
        for (const change of edit.changes) apply(user, change, stamp);
      },
      server.author(),
    );
}

function apply(user: UserDetail, change: AdminChange, stamp: UserDetail['incoming']['stamp']): void {
  if (change.what === 'incoming')
    user.incoming = { revision: user.incoming.revision + 1, mode: change.mode, stamp: noted(stamp, change.note) };
  if (change.what === 'outgoing')
    user.outgoing = {
      revision: user.outgoing.revision + 1,
      mode: change.mode,
      callMethod: change.callMethod ?? user.outgoing.callMethod,
      stamp: noted(stamp, change.note),
    };
  if (change.what === 'permission') {
    const key = change.permission === 'configureIncoming' ? 'configureIncoming' : 'configureOutgoing';
    user.permissions = { ...user.permissions, [key]: change.granted, stamp };
  }
}

function noted(stamp: UserDetail['incoming']['stamp'], note: string | undefined): UserDetail['incoming']['stamp'] {
  return note === undefined ? stamp : { ...stamp, note };
}

export function setDnd(server: FakeServer, { body }: Sent, id?: string): unknown {
  const user = server.user(Number(id));
  user.dnd = { ...user.dnd, on: (body as { on: boolean }).on };
  return user.dnd;
}

export function setAvailability(server: FakeServer, { body }: Sent, id?: string): unknown {
  const user = server.user(Number(id));
  const stamp = { author: server.author(), since: server.now };
  user.availability = { availability: body as UserDetail['availability']['availability'], stamp };
  return user.availability;
}

function issueLink(server: FakeServer, { body }: Sent): unknown {
  const { purpose } = body as { purpose: string };
  return {
    purpose,
    url: `https://bel.fiets.example/${purpose}#p7`,
    expires: server.now + 86_400_000,
    sent: false,
  };
}
