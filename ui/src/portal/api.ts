import type {
  AccountEdit,
  AccountSecret,
  AccountSummary,
  ApiKeyView,
  ApiProblem,
  AuditEntry,
  AuditQuery,
  Availability,
  AvailabilityState,
  BulkEdit,
  CallRecord,
  ChangeRequest,
  ChangeRequestAnswer,
  ChangeRequestDraft,
  Colleague,
  Contact,
  ContactEdit,
  DndView,
  DryRun,
  IssuedApiKey,
  IssuedLink,
  LinkInfo,
  LinkPurpose,
  Me,
  NetworkTest,
  NumberEdit,
  NumberEntry,
  Organisation,
  OrganisationChange,
  OwnSettings,
  Page,
  PasswordChange,
  PasswordReset,
  RecordQuery,
  ServerHello,
  SessionStart,
  SettingsChange,
  SetUp,
  SipTest,
  TrunkEdit,
  TrunkTest,
  TrunkView,
  UserChange,
  UserCreated,
  UserDetail,
  UserDraft,
  UserQuery,
  UserRow,
  VoipAccount,
} from '../contract';
import { ownProblem, problemIn, ServerProblem } from './problem';
import type { Wire } from './wire';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type Query = Record<string, string | number | boolean | undefined>;

/** A change of a user without what every change names. */
export type UserEdit = Partial<Omit<UserChange, 'base'>>;

/** Where the server's API is, as seen from this page. */
export const apiRoot = '/api/v1';

/** The server's API, one method for each thing that the portal does. What is refused is thrown as `ServerProblem`. */
export class Api {
  /** Told when the server no longer knows us. */
  loggedOut: (problem: ApiProblem) => void = () => undefined;
  /** The organisation that a partner acts in; nothing for the own one. */
  acting: number | undefined;
  #csrf = '';
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  hello = (): Promise<ServerHello> => this.#ask('GET', '/hello');

  // The session: a cookie that scripts can't read, and a token that every write repeats.
  session = async (): Promise<Me> => this.#begin(await this.#ask('GET', '/sessions/current'));
  logIn = async (login: string, secret: string): Promise<Me> =>
    this.#begin(await this.#ask('POST', '/sessions', { login, secret }));
  logOut = (): Promise<void> => this.#ask('DELETE', '/sessions/current');
  changeMe = (base: number, edit: UserEdit): Promise<Me> =>
    this.#ask('PATCH', '/me', { reuseExtension: false, ...edit, base });
  profile = (): Promise<UserDetail> => this.#ask('GET', '/me/profile');
  setOwnDnd = (on: boolean): Promise<DndView> => this.#ask('PUT', '/me/dnd', { on });
  setOwnAvailability = (availability: Availability): Promise<AvailabilityState> =>
    this.#ask('PUT', '/me/availability', availability);
  ownSettings = (): Promise<OwnSettings> => this.#ask('GET', '/me/settings');
  changeOwnSettings = (change: SettingsChange): Promise<OwnSettings> => this.#ask('PUT', '/me/settings', change);
  askFor = (draft: ChangeRequestDraft): Promise<ChangeRequest> => this.#ask('POST', '/me/requests', draft);
  ownRequests = (): Promise<ChangeRequest[]> => this.#all('/me/requests');
  revokeOwnClient = (client: string): Promise<void> => this.#ask('DELETE', `/me/clients/${encodeURIComponent(client)}`);
  colleagues = (): Promise<Colleague[]> => this.#all('/colleagues');
  ownRecords = (query: RecordQuery): Promise<CallRecord[]> => this.#all('/me/records', { ...query });
  apiKeys = (): Promise<ApiKeyView[]> => this.#all('/me/api-keys');
  createApiKey = (name: string): Promise<IssuedApiKey> => this.#ask('POST', '/me/api-keys', { name });
  revokeApiKey = (id: number): Promise<void> => this.#ask('DELETE', `/me/api-keys/${id}`);
  changePassword = (change: PasswordChange): Promise<void> => this.#ask('PUT', '/me/password', change);
  link = (token: string): Promise<LinkInfo> => this.#ask('GET', `/links/${encodeURIComponent(token)}`);
  useLink = (token: string, secret: string): Promise<void> =>
    this.#ask('POST', `/links/${encodeURIComponent(token)}`, { new: secret });

  setUp = (token: string, what: SetUp): Promise<void> =>
    this.#ask('POST', `/set-up/${encodeURIComponent(token)}`, what);

  users = (query: UserQuery): Promise<Page<UserRow>> => this.#ask('GET', '/users', undefined, { ...query });
  user = (id: number): Promise<UserDetail> => this.#ask('GET', `/users/${id}`);
  createUser = (draft: UserDraft): Promise<UserCreated> => this.#ask('POST', '/users', draft);
  changeUser = (id: number, base: number, edit: UserEdit): Promise<UserDetail> =>
    this.#ask('PATCH', `/users/${id}`, { reuseExtension: false, ...edit, base });
  deleteUser = (id: number): Promise<void> => this.#ask('DELETE', `/users/${id}`);
  resetPassword = (id: number, reset: PasswordReset): Promise<IssuedLink | null> =>
    this.#ask('POST', `/users/${id}/password`, reset);
  issueLink = (id: number, purpose: LinkPurpose): Promise<IssuedLink> =>
    this.#ask('POST', `/users/${id}/links`, { purpose });
  revokeClient = (id: number, client: string): Promise<void> =>
    this.#ask('DELETE', `/users/${id}/clients/${encodeURIComponent(client)}`);
  revokeApiKeyOf = (id: number, key: number): Promise<void> => this.#ask('DELETE', `/users/${id}/api-keys/${key}`);
  setDnd = (id: number, on: boolean): Promise<DndView> => this.#ask('PUT', `/users/${id}/dnd`, { on });
  setAvailability = (id: number, availability: Availability): Promise<AvailabilityState> =>
    this.#ask('PUT', `/users/${id}/availability`, availability);
  tryBulk = (edit: BulkEdit): Promise<DryRun> => this.#ask('POST', '/users/bulk', edit, { dry_run: true });
  bulk = (edit: BulkEdit): Promise<DryRun> => this.#ask('POST', '/users/bulk', edit);

  contacts = (): Promise<Contact[]> => this.#all('/contacts');
  createContact = (edit: ContactEdit): Promise<Contact> => this.#ask('POST', '/contacts', edit);
  changeContact = (id: number, edit: ContactEdit): Promise<Contact> => this.#ask('PUT', `/contacts/${id}`, edit);
  deleteContact = (id: number): Promise<void> => this.#ask('DELETE', `/contacts/${id}`);
  employers = (): Promise<string[]> => this.#all('/employers');

  accounts = (): Promise<AccountSummary[]> => this.#all('/accounts');
  account = (id: number): Promise<VoipAccount> => this.#ask('GET', `/accounts/${id}`);
  createAccount = (edit: AccountEdit): Promise<AccountSecret> => this.#ask('POST', '/accounts', edit);
  changeAccount = (id: number, edit: AccountEdit): Promise<VoipAccount> => this.#ask('PUT', `/accounts/${id}`, edit);
  deleteAccount = (id: number): Promise<void> => this.#ask('DELETE', `/accounts/${id}`);
  newSecret = (id: number): Promise<AccountSecret> => this.#ask('POST', `/accounts/${id}/secret`);
  sipTest = (id: number): Promise<SipTest> => this.#ask('POST', `/accounts/${id}/sip-test`);
  networkTest = (id: number): Promise<NetworkTest> => this.#ask('POST', `/accounts/${id}/network-test`);
  removeRegistration = (id: number, registration: string): Promise<void> =>
    this.#ask('DELETE', `/accounts/${id}/registrations/${encodeURIComponent(registration)}`);

  numbers = (): Promise<NumberEntry[]> => this.#all('/numbers');
  createNumber = (edit: NumberEdit): Promise<NumberEntry> => this.#ask('POST', '/numbers', edit);
  changeNumber = (id: number, edit: NumberEdit): Promise<NumberEntry> => this.#ask('PUT', `/numbers/${id}`, edit);
  deleteNumber = (id: number): Promise<void> => this.#ask('DELETE', `/numbers/${id}`);
  trunks = (): Promise<TrunkView[]> => this.#all('/trunks');
  createTrunk = (edit: TrunkEdit): Promise<TrunkView> => this.#ask('POST', '/trunks', edit);
  changeTrunk = (id: number, edit: TrunkEdit): Promise<TrunkView> => this.#ask('PUT', `/trunks/${id}`, edit);
  deleteTrunk = (id: number): Promise<void> => this.#ask('DELETE', `/trunks/${id}`);
  testTrunk = (id: number): Promise<TrunkTest> => this.#ask('POST', `/trunks/${id}/test`);

  requests = (): Promise<ChangeRequest[]> => this.#all('/requests');
  answerRequest = (id: number, answer: ChangeRequestAnswer): Promise<ChangeRequest> =>
    this.#ask('POST', `/requests/${id}/answer`, answer);
  audit = (query: AuditQuery): Promise<AuditEntry[]> => this.#all('/audit', { ...query });
  records = (query: RecordQuery): Promise<CallRecord[]> => this.#all('/calls', { ...query });
  why = (id: string): Promise<CallRecord> => this.#ask('GET', `/calls/${encodeURIComponent(id)}/why`);

  organisation = (): Promise<Organisation> => this.#ask('GET', '/organisation');
  changeOrganisation = (change: OrganisationChange): Promise<Organisation> =>
    this.#ask('PATCH', '/organisation', change);

  #begin(start: SessionStart): Me {
    this.#csrf = start.csrf;
    return start.me;
  }

  // A list comes whole or as a page.
  async #all<Item>(path: string, query?: Query): Promise<Item[]> {
    const list = await this.#ask<Item[] | Page<Item>>('GET', path, undefined, query);
    return Array.isArray(list) ? list : list.items;
  }

  async #ask<Result>(method: Method, path: string, body?: unknown, query: Query = {}): Promise<Result> {
    const response = await this.#send(method, apiRoot + path + written(query), body);
    if (response.ok) return response.status === 204 ? (null as Result) : ((await response.json()) as Result);
    const problem = await problemIn(response);
    if (problem.status === 401 && !path.startsWith('/sessions')) this.loggedOut(problem);
    throw new ServerProblem(problem);
  }

  async #send(method: Method, path: string, body: unknown): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (method !== 'GET') headers['X-CSRF-Token'] = this.#csrf;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (this.acting !== undefined) headers['X-Organisation'] = String(this.acting);
    try {
      return await this.#wire.fetch(path, {
        method,
        headers,
        credentials: 'same-origin',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      throw new ServerProblem(ownProblem('unavailable', error instanceof Error ? error.message : 'no answer'));
    }
  }
}

function written(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs.map(([name, value]) => [name, String(value)]))}`;
}
