import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, languages, launch, open, sizes, themes, tooWide, violations, type Size } from './browser';
import { screens } from './walk';

/** Where the pictures of all screens are left, to be looked at. */
export const pictures = '.e2e/pictures';

/** Shows every screen in one size, in both languages and both themes, and lets axe and a ruler look at it. */
export function everyScreen(size: Size): void {
  let browser: Browser;
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await launch();
  });
  afterAll(() => browser.close());

  describe.each(languages)(`${size} %s`, (lang) => {
    describe.each(themes)('%s', (theme) => {
      let page: Page;
      beforeAll(async () => {
        page = await (await context(browser, sizes[size])).newPage();
      });
      afterAll(() => page.context().close());

      it.each(screens)('$name is accessible and fits', async ({ name, scene, go }) => {
        await open(page, { scene, lang, theme });
        await go?.(page);
        await page.screenshot({ path: `${pictures}/${name}.${size}.${lang}.${theme}.png` });
        expect(await violations(page)).toEqual([]);
        expect(await tooWide(page)).toEqual([]);
      });
    });
  });
}
