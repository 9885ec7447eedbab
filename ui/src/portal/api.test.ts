import { describe, expect, it } from 'vitest';
import type { ApiProblem } from '../contract';
import { serverWords } from '../i18n/server-problems';
import { Api } from './api';
import { FakeServer } from './fake/server';
import { problemOf } from './problem';
import type { Wire } from './wire';

async function refused(act: Promise<unknown>): Promise<ApiProblem> {
  return act.then(
    () => Promise.reject(new Error('it was not refused')),
    (thrown: unknown) => problemOf(thrown),
  );
}
function answering(response: () => Response): Wire {
  return { fetch: async () => response(), socket: () => ({ say: () => undefined, close: () => undefined }) };
}

describe('requests', () => {
  it('carry the session’s token in every write, and none before there is a session', async () => {
    const server = new FakeServer();
    server.who = undefined;
    const api = new Api(server);
    expect((await refused(api.deleteUser(7))).code).toBe('notLoggedIn');
    await api.logIn('marieke@fiets.example', 'bellbird');
    await api.deleteUser(7);
    expect(server.sent.map((sent) => sent.csrf)).toEqual(['', '', server.csrf]);
    expect(server.users.some(({ user }) => user.id === 7)).toBe(false);
  });

  it('leave out of the query what nobody asked for', async () => {
    const server = new FakeServer();
    await new Api(server).users({ search: '', sort: 'email', descending: false, offset: 0, limit: 50 });
    expect(server.sent[0]?.query.toString()).toBe('sort=email&offset=0&limit=50');
  });
});

describe('refusals', () => {
  it('are told by code, field and params', async () => {
    const api = new Api(new FakeServer());
    await api.session();
    const problem = await refused(api.changeUser(2, 1, { extension: '601' }));
    expect(problem).toMatchObject({ code: 'extensionTaken', status: 409, field: 'extension' });
    expect(serverWords(problem)).toBe('Extension 601 belongs to Linda de Vries. 630 is free.');
  });

  it('of something that is not our server are told by their status', async () => {
    const gateway = new Api(answering(() => new Response('<h1>Bad gateway</h1>', { status: 502 })));
    expect(await refused(gateway.organisation())).toMatchObject({ code: 'unavailable', status: 502 });
  });

  it('without an answer keep what was typed', async () => {
    const server = new FakeServer();
    server.away = true;
    expect((await refused(new Api(server).organisation())).code).toBe('unavailable');
  });

  it('that end the session are told to whoever asked for that', async () => {
    const server = new FakeServer();
    const api = new Api(server);
    const ends: string[] = [];
    api.loggedOut = (problem) => ends.push(problem.code);
    await api.session();
    server.who = undefined;
    await refused(api.users({ sort: 'name', descending: false, offset: 0, limit: 0 }));
    expect(ends).toEqual(['notLoggedIn']);
  });
});
