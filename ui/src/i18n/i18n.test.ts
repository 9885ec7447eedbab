import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { ErrorCode, ServerErrorCode } from '../contract';
import { serverView } from '../host/fake/server-sample';
import { causes, causeWords } from './causes';
import { speak } from './locale.svelte';
import { errorCodes, fieldOf, inWords } from './problems';
import { serverErrorCodes, serverWords } from './server-problems';
import { clockTime, dayTitle, duration, timer, when } from './time';

const everyParam = {
  address: 'a@b.example',
  server: 'b.example',
  target: 'Tom',
  field: 'domain',
  device: 'Jabra',
  inUse: 'laptop',
  role: 'speaker',
  path: '/tmp/x',
};
const noon = new Date(2026, 10, 22, 12).getTime();
const minute = 60_000;
const day = 1440 * minute;

afterEach(() => speak('en'));

describe('languages', () => {
  it('both have the same sentences, and none is empty or the other language’s', () => {
    const [en, nl] = [messages('en'), messages('nl')];
    expect(Object.keys(nl)).toEqual(Object.keys(en));
    for (const text of [...Object.values(en), ...Object.values(nl)]) expect(text).not.toBe('');
  });

  it('use the same names for what is put into a sentence', () => {
    const [en, nl] = [messages('en'), messages('nl')];
    for (const [key, text] of Object.entries(en)) expect(slots(nl[key] ?? ''), key).toEqual(slots(text));
  });

  it('have no sentence that nobody says', () => {
    const sources = (readdirSync('src', { recursive: true }) as string[])
      .filter((file) => /\.(svelte|ts)$/u.test(file) && !file.startsWith('paraglide'))
      .map((file) => readFileSync(`src/${file}`, 'utf8'))
      .join('\n');
    const said = new Set([...sources.matchAll(/\bm\.(\w+)/gu)].map((match) => match[1]));
    expect(Object.keys(messages('en')).filter((key) => !said.has(key))).toEqual([]);
  });

  it('follow the system where the user did not choose, and English where it speaks neither', () => {
    speak('system', ['fr-FR', 'nl-BE', 'en-US']);
    expect(document.documentElement.lang).toBe('nl');
    speak('system', ['fr-FR']);
    expect(document.documentElement.lang).toBe('en');
  });
});

describe('problems', () => {
  it.each(['en', 'nl'] as const)('every code has a sentence of its own in %s', (language) => {
    speak(language);
    const sentences = errorCodes.map((code) => inWords({ code, params: everyParam, details: null }));
    expect(new Set(sentences).size).toBe(errorCodes.length);
  });

  it.each(['en', 'nl'] as const)('every sentence in %s also holds without what belongs in it', (language) => {
    speak(language);
    for (const code of errorCodes) {
      const sentence = inWords({ code, params: {}, details: null });
      expect(sentence, code).not.toMatch(/undefined|\{|!/u);
      expect(sentence, code).toMatch(/^[A-Z].*[.?]$/u);
    }
  });

  it('a code of the contract has words: the list and the contract are the same', () => {
    expect(errorCodes).toEqual(union('ErrorCode'));
  });

  it('a code from a newer program gets the sentence for what has no words', () => {
    const problem = { code: 'flooded' as ErrorCode, params: {}, details: null };
    expect(inWords(problem)).toBe(inWords({ code: 'unknown', params: {}, details: null }));
  });

  it('of a server are told otherwise where they ended a call', () => {
    const target = { target: 'Tom' };
    for (const code of ['serverUnreachable', 'serverUnavailable', 'forbidden'] as const) {
      expect(inWords({ code, params: target, details: null })).toContain('Tom');
      expect(inWords({ code, params: { server: 'b.example', address: 'a@b.example' }, details: null })).toContain(
        'b.example',
      );
    }
  });

  it('are told near the field that can mend them', () => {
    const at = (code: ErrorCode, serverTyped = false) =>
      fieldOf({ code, params: { field: 'userName' }, details: null }, serverTyped);
    expect(at('wrongPassword')).toBe('secret');
    expect(at('serverNotFound')).toBe('domain');
    expect(at('serverNotFound', true)).toBe('server');
    expect(at('fieldInvalid')).toBe('userName');
    expect(at('serverUnavailable')).toBeUndefined();
  });
});

describe('refusals of the server', () => {
  const words = (code: ServerErrorCode, params = {}): string => serverWords({ code, params });
  const params = {
    by: 'Tom',
    login: 'a@b.example',
    seconds: '120',
    hours: '48',
    least: '8',
    target: 'Tom',
    owner: 'Els',
  };

  it.each(['en', 'nl'] as const)('every code has a sentence of its own in %s, also without params', (language) => {
    speak(language);
    expect(new Set(serverErrorCodes.map((code) => words(code, params))).size).toBe(serverErrorCodes.length);
    for (const code of serverErrorCodes) {
      expect(words(code), code).not.toMatch(/undefined|\{|!/u);
      expect(words(code), code).toMatch(/^\S.*\.$/u);
    }
  });

  it('are those of the contract', () => {
    expect(serverErrorCodes).toEqual(union('ServerErrorCode'));
  });

  it('say how many tries are left and how long to wait', () => {
    expect(words('wrongCredentials', { login: 'a@b.example', triesLeft: '1' })).toContain('One try left');
    expect(words('tooManyTries', { seconds: '45' })).toContain('Wait 45 seconds');
    expect(words('tooManyTries', { seconds: '200' })).toContain('Wait 4 minutes');
    expect(words('tooManyTries')).toContain('Wait a moment');
  });

  it('from a newer server get the sentence for what has no words', () => {
    expect(words('flooded' as ServerErrorCode)).toBe(words('unknown'));
  });
});

describe('reasons why a phone rang or did not', () => {
  const { me } = serverView(noon);
  const params = { by: 'Tom', since: String(noon), seconds: '18', to: 'Els', number: '112', name: 'Anna', at: '203' };

  it.each(['en', 'nl'] as const)('every cause has words of its own in %s, also without params', (language) => {
    speak(language);
    const words = causes.map((cause) => causeWords({ cause, params }, me, noon));
    expect(new Set(words).size).toBe(causes.length);
    for (const cause of causes) {
      const bare = causeWords({ cause, params: {} }, me, noon);
      expect(bare, cause).toMatch(/^[A-Z]/u);
      expect(bare, cause).not.toMatch(/undefined|NaN|Invalid|\{|!|\.$/u);
    }
  });

  it('are those of the contract', () => {
    expect(causes).toEqual(union('Cause'));
  });

  it('name the user as a person is addressed', () => {
    const by = { by: 'Linda de Vries', since: String(noon) };
    expect(causeWords({ cause: 'doNotDisturb', params: by }, me, noon)).toMatch(/turned on by you today at/u);
  });
});

describe('times', () => {
  it('a call runs in minutes and seconds, later with hours', () => {
    expect(timer(0, 21_000)).toBe('0:21');
    expect(timer(0, 12 * minute + 47_000)).toBe('12:47');
    expect(timer(0, 62 * minute + 9000)).toBe('1:02:09');
    expect(timer(5000, 0)).toBe('0:00');
  });

  it('are said as people say them', () => {
    expect(duration(0, 40_000)).toBe('40 s');
    expect(duration(0, 65 * minute)).toBe('1 h 5 min');
    speak('nl');
    expect(duration(0, 65 * minute)).toBe('1 u 5 min');
  });

  it('days have names for a week and dates after that', () => {
    expect(dayTitle(noon - 1000, noon)).toBe('Today');
    expect(dayTitle(noon - day, noon)).toBe('Yesterday');
    expect(dayTitle(noon - 5 * day, noon)).toBe('Tuesday');
    expect(when(noon - 20 * minute, noon)).toBe(`today at ${clockTime(noon - 20 * minute)}`);
    speak('nl');
    expect(dayTitle(noon - 5 * day, noon)).toBe('Dinsdag');
    expect(when(noon - 5 * day, noon)).toBe('op dinsdag');
  });
});

function union(name: string): string[] {
  const contract = readFileSync('src/contract/index.ts', 'utf8');
  const words = new RegExp(`export type ${name} = (.*);`, 'u').exec(contract)?.[1] ?? '';
  return words.split(' | ').map((word) => JSON.parse(word) as string);
}

function messages(language: string): Record<string, string> {
  const texts = JSON.parse(readFileSync(`messages/${language}.json`, 'utf8')) as Record<string, string>;
  return Object.fromEntries(Object.entries(texts).filter(([key]) => key !== '$schema'));
}

function slots(text: string): string[] {
  return [...new Set([...text.matchAll(/\{(\w+)\}/gu)].map((match) => match[1] ?? ''))].sort();
}
