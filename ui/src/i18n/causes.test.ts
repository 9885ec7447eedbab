import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import type { Cause } from '../contract';
import { causes, causeWords } from './causes';
import { speak } from './locale.svelte';

afterEach(() => speak('en'));

describe('reasons why a phone rang or did not', () => {
  it('have words for every cause of the contract', () => {
    const contract = readFileSync('src/contract/index.ts', 'utf8');
    const union = /export type Cause = (.*);/u.exec(contract)?.[1] ?? '';
    expect(causes).toEqual(union.split(' | ').map((cause) => JSON.parse(cause) as Cause));
  });

  it.each(['en', 'nl'] as const)('differ in %s, and hold without what belongs in them', (language) => {
    speak(language);
    const sentences = causes.map((cause) => causeWords({ cause, params: {} }));
    expect(new Set(sentences).size).toBe(causes.length);
    for (const sentence of sentences) expect(sentence).not.toMatch(/undefined|\{|!|Invalid/u);
  });

  it('name who, until when and where to', () => {
    const until = String(new Date(2026, 10, 22, 11, 45).getTime());
    expect(causeWords({ cause: 'doNotDisturb', params: { by: 'Linda', until } })).toBe(
      'Do not disturb until 11:45, turned on by Linda.',
    );
    expect(causeWords({ cause: 'forwardedBusy', params: { to: '602' } })).toBe('Forwarded to 602 because busy.');
  });
});
