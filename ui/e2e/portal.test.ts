import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { context, languages, launch, noon, themes, tooWide, violations } from './browser';
import { portalScreens, type PortalScreen } from './portal-walk';
import { pictures } from './screens';

const wide = { width: 1440, height: 900 };
const narrow = { width: 1100, height: 760 };
const phone = { width: 420, height: 800 };

let browser: Browser;
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await launch();
});
afterAll(() => browser.close());

describe.each(languages)('portal %s', (lang) => {
  describe.each(themes)('%s', (theme) => {
    let page: Page;
    beforeAll(async () => {
      page = await (await context(browser, wide, lang)).newPage();
    });
    afterAll(() => page.context().close());

    it.each(portalScreens)('$name is accessible and fits', async (screen) => {
      await open(page, screen, lang, theme);
      await page.screenshot({ path: `${pictures}/portal-${screen.name}.${lang}.${theme}.png` });
      expect(await violations(page)).toEqual([]);
      expect(await tooWide(page)).toEqual([]);
    });
  });
});

// In Dutch: its words are the longer ones.
describe.each([
  ['below 1280', narrow],
  ['in a phone’s browser', phone],
])('portal %s', (size, viewport) => {
  let page: Page;
  beforeAll(async () => {
    page = await (await context(browser, viewport, 'nl')).newPage();
  });
  afterAll(() => page.context().close());

  it.each(portalScreens)('$name fits', async (screen) => {
    await open(page, screen, 'nl', 'light');
    await page.screenshot({ path: `${pictures}/portal-${screen.name}.${size.slice(0, 5).trim()}.png` });
    expect(await tooWide(page)).toEqual([]);
  });
});

async function open(page: Page, screen: PortalScreen, lang: string, theme: string): Promise<void> {
  await page.clock.setFixedTime(noon);
  // Another address each time: a change of the part after # alone would not load the page anew.
  const query = new URLSearchParams({ scene: screen.scene ?? 'admin', lang, theme, screen: screen.name });
  await page.goto(`${inject('site')}portal.html?${query}${screen.hash ?? ''}`);
  await page.locator('h1').first().waitFor();
  await screen.go?.(page);
}
