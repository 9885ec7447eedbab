import type {
  AccountSummary,
  ApiProblem,
  AuditEntry,
  Author,
  CallRecord,
  Colleague,
  Contact,
  ChangeRequest,
  ClientMessage,
  Lock,
  Me,
  NumberEntry,
  Organisation,
  OrganisationName,
  OwnSettings,
  ServerErrorCode,
  ServerEventKind,
  Snapshot,
  Stamp,
  TrunkView,
  UserDetail,
} from '../../contract';
import { apiRoot } from '../api';
import { ownProblem } from '../problem';
import type { Socket, SocketEvents, Wire } from '../wire';
import { els, marieke, samplePeople, telephony } from './people';
import { answer } from './routes';
import { sampleAudit, sampleRecords } from './past';
import {
  sampleAccounts,
  sampleContacts,
  sampleNumbers,
  sampleOrganisation,
  sampleRequests,
  sampleTrunks,
} from './things';

/** A request that came in. */
export interface Sent {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  csrf: string | null;
}

/** What a handler refuses with. */
export class Refusal extends Error {
  readonly problem: ApiProblem;
  constructor(code: ServerErrorCode, status: number, params: Record<string, string> = {}, field?: string) {
    super(code);
    this.problem = { ...ownProblem(code, code), status, params, ...(field ? { field } : {}) };
  }
}

/** A server in the page: it answers as the real one would, and remembers what it was asked. */
export class FakeServer implements Wire {
  readonly sent: Sent[] = [];
  users: UserDetail[];
  accounts: AccountSummary[];
  contacts: Contact[];
  numbers: NumberEntry[];
  trunks: TrunkView[];
  requests: ChangeRequest[];
  audit: AuditEntry[];
  records: CallRecord[];
  organisation: Organisation;
  /** Who is logged in with this browser's cookie. */
  who: number | undefined = 4;
  passwordChangeNeeded = false;
  /** The organisations that this browser's user administers beside the own one. */
  administers: OrganisationName[] = [];
  /** Everybody's. */
  password = 'bellbird';
  /** The network is away. */
  away = false;
  readonly csrf = 'csrf-of-the-session';
  readonly said: ClientMessage[] = [];
  #revision = 100;
  #sockets = new Set<SocketEvents>();

  constructor(readonly now: number = Date.now()) {
    this.accounts = sampleAccounts(now);
    this.numbers = sampleNumbers();
    this.contacts = sampleContacts();
    this.users = samplePeople(now, this.accounts);
    this.trunks = sampleTrunks(now);
    this.requests = sampleRequests(now);
    this.audit = sampleAudit(now);
    this.records = sampleRecords(now);
    this.organisation = sampleOrganisation();
    for (const user of this.users)
      user.numbers = this.numbers.filter((entry) => entry.to?.kind === 'user' && entry.to.user === user.user.id);
  }

  async fetch(path: string, request: RequestInit): Promise<Response> {
    if (this.away) throw new TypeError('Failed to fetch');
    const url = new URL(path, 'http://server.example');
    const headers = new Headers(request.headers);
    const sent: Sent = {
      method: request.method ?? 'GET',
      path: url.pathname.slice(apiRoot.length),
      query: url.searchParams,
      body: typeof request.body === 'string' ? (JSON.parse(request.body) as unknown) : undefined,
      csrf: headers.get('X-CSRF-Token'),
    };
    this.sent.push(sent);
    try {
      const result = answer(this, sent);
      return result === undefined ? new Response(null, { status: 204 }) : json(result, 200);
    } catch (error) {
      if (error instanceof Refusal) return json(error.problem, error.problem.status);
      throw error;
    }
  }

  socket(_path: string, events: SocketEvents): Socket {
    this.#sockets.add(events);
    queueMicrotask(() => events.opened());
    return {
      say: (text) => this.#hear(JSON.parse(text) as ClientMessage, events),
      close: () => {
        if (this.#sockets.delete(events)) events.closed();
      },
    };
  }

  /** Breaks every connection. */
  dropSockets(): void {
    const sockets = [...this.#sockets];
    this.#sockets.clear();
    for (const events of sockets) events.closed();
  }

  /** Tells everybody who listens. */
  tell(kind: ServerEventKind): void {
    const event = JSON.stringify({ revision: (this.#revision += 1), at: this.now, kind });
    for (const events of this.#sockets) events.said(event);
  }

  user(id: number): UserDetail {
    const user = this.users.find((candidate) => candidate.user.id === id);
    if (!user) throw new Refusal('notFound', 404);
    return user;
  }

  /** Changes a user as somebody else would, and tells so. */
  change(id: number, change: (user: UserDetail) => void, author: Author = els): void {
    const user = structuredClone(this.user(id));
    change(user);
    user.user.revision += 1;
    this.users = this.users.map((other) => (other.user.id === id ? user : other));
    this.tell({ kind: 'userChanged', user: user.user, author });
  }

  me(): Me {
    const { user, security, login, permissions } = this.user(this.who ?? 4);
    return {
      id: user.id,
      organisation: { id: 1, name: this.organisation.name },
      firstName: user.firstName,
      lastName: user.lastName,
      login,
      email: user.email,
      ...(user.extension ? { extension: user.extension } : {}),
      role: user.role,
      permissions,
      language: security.language,
      timeZone: 'Europe/Amsterdam',
      utcOffsetMinutes: 60,
      passwordChangeNeeded: this.passwordChangeNeeded,
      idleMinutes: 10,
      administers: this.administers,
      revision: user.revision,
    };
  }

  ownSettings(): OwnSettings {
    const { incoming, outgoing, permissions } = this.user(this.who ?? 4);
    const scope = 'allClients' as const;
    const lock = (may: boolean, { author, since, note }: Stamp): { lock?: Lock } =>
      may ? {} : { lock: { author, since, ...(note === undefined ? {} : { note }) } };
    const mayMake = lock(permissions.configureOutgoing, outgoing.stamp);
    return {
      document: { incoming, outgoing, permissions, client: {} },
      effective: {
        receive: { value: incoming.mode !== 'disabled', scope, ...lock(permissions.configureIncoming, incoming.stamp) },
        make: { value: outgoing.mode !== 'disabled', scope, ...mayMake },
        callMethod: { value: outgoing.callMethod, scope, ...mayMake },
      },
      receipts: [],
    };
  }

  colleagues(): Colleague[] {
    return this.users.map(({ user, personal }) => ({
      id: user.id,
      name: `${user.firstName} ${user.lastName}`,
      ...(user.extension === undefined ? {} : { extension: user.extension }),
      numbers: personal.numbers.map(({ number }) => number),
      presence: user.presence,
    }));
  }

  /** The author of what is written by this browser. */
  author(): Author {
    return this.who === undefined || this.who === 4
      ? marieke
      : { user: this.who, name: this.me().firstName, role: this.me().role };
  }

  #hear(message: ClientMessage, events: SocketEvents): void {
    this.said.push(message);
    if (message.kind === 'subscribe' && message.since === undefined) {
      const snapshot = {
        revision: this.#revision,
        at: this.now,
        kind: { kind: 'snapshot', snapshot: this.#snapshot() },
      };
      events.said(JSON.stringify(snapshot));
    }
  }

  #snapshot(): Snapshot {
    const { incoming, outgoing, permissions, dnd, availability } = this.user(this.who ?? 4);
    return {
      me: this.me(),
      settings: {
        document: { incoming, outgoing, permissions, client: {} },
        effective: {
          receive: { value: true, scope: 'thisClient' },
          make: { value: true, scope: 'thisClient' },
          callMethod: { value: 'softphone', scope: 'thisClient' },
        },
        receipts: [],
      },
      dnd,
      availability,
      telephony: telephony(),
      accounts: [],
      colleagues: [],
      requests: this.requests.filter((request) => request.state.kind === 'open'),
      calls: [],
    };
  }
}

function json(body: unknown, status: number): Response {
  const type = status === 200 ? 'application/json' : 'application/problem+json';
  return new Response(JSON.stringify(body), { status, headers: { 'Content-Type': type } });
}
