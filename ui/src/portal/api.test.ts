import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import type { ApiProblem, ServerErrorCode } from '../contract';
import { speak } from '../i18n/locale.svelte';
import { serverCodes, serverWords } from '../i18n/server-problems';
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
    expect(serverWords(problem)).toBe('601 belongs to Linda de Vries. The next free one is 630.');
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

describe('words for what the server refuses', () => {
  it('are there for every code of the contract', () => {
    const contract = readFileSync('src/contract/index.ts', 'utf8');
    const union = /export type ServerErrorCode = (.*);/u.exec(contract)?.[1] ?? '';
    expect(serverCodes).toEqual(union.split(' | ').map((code) => JSON.parse(code) as ServerErrorCode));
  });

  it.each(['en', 'nl'] as const)('differ for each code in %s, and hold without what belongs in them', (language) => {
    speak(language);
    const sentences = serverCodes.map((code) => serverWords({ code, params: {} }));
    expect(new Set(sentences).size).toBe(serverCodes.length);
    for (const sentence of sentences) {
      expect(sentence).toMatch(/^\p{Lu}.*[.]$/u);
      expect(sentence).not.toMatch(/undefined|\{|!/u);
    }
    speak('en');
  });
});
