import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { languages, launch, themes, tooWide, violations } from '../e2e/browser';
import { pictures } from '../e2e/screens';
import { logIn, show, Stage } from './stage';

const pages = [
  ['users', 'users'],
  ['user', 'users/1'],
  ['telephony', 'users/1/telephony'],
  ['settings', 'users/1/settings'],
  ['permissions', 'users/1/permissions'],
  ['user-devices', 'users/1/devices'],
  ['security', 'users/1/security'],
  ['contacts', 'contacts'],
  ['devices', 'devices'],
  ['device', 'devices/1'],
  ['numbers', 'numbers'],
  ['records', 'records'],
  ['requests', 'requests'],
  ['audit', 'audit'],
  ['organisation', 'organisation'],
  ['me', 'me'],
  ['me-telephony', 'me/telephony'],
  ['me-calls', 'me/calls'],
] as const;

let stage: Stage;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  [stage, browser] = await Promise.all([Stage.open(), launch()]);
  const caller = await stage.deskPhone('240', 'call', '602', '--for', '1');
  await caller.said(/"ended"/u);
  await stage.deskPhone('203');
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});

describe.each(languages)('with what a server tells, in %s', (language) => {
  describe.each(themes)('%s', (theme) => {
    let page: Page;
    beforeAll(async () => {
      page = await logIn(browser, stage, 'marieke', language);
      await page.emulateMedia({ colorScheme: theme });
    });
    afterAll(() => page.context().close());

    it.each(pages)('%s is accessible and fits', async (name, hash) => {
      await show(page, stage, hash);
      await page.waitForLoadState('networkidle');
      await page.screenshot({ path: `${pictures}/server-${name}.${language}.${theme}.png` });
      expect(await violations(page)).toEqual([]);
      expect(await tooWide(page)).toEqual([]);
    });
  });
});
