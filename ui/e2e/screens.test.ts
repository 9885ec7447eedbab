import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, languages, launch, open, sizes, themes, violations, type Size } from './browser';
import { screens } from './walk';

const pictures = '.e2e/pictures';
let browser: Browser;

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  browser = await launch();
});
afterAll(() => browser.close());

describe.each(Object.keys(sizes) as Size[])('%s', (size) => {
  describe.each(languages)('%s', (lang) => {
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
});

// In Dutch: its words are the longer ones.
describe('large text in a small window', () => {
  let page: Page;
  beforeAll(async () => {
    page = await (await context(browser, sizes.compact)).newPage();
  });
  afterAll(() => page.context().close());

  it.each(screens)('$name wraps and stays whole', async ({ name, scene, go }) => {
    await open(page, { scene, lang: 'nl' });
    await page.addStyleTag({ content: 'html { font-size: 200%; }' });
    await go?.(page);
    await page.screenshot({ path: `${pictures}/${name}.large.nl.png` });
    expect(await tooWide(page)).toEqual([]);
  });
});

/** Elements that reach over the window's edge. */
function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.window *, dialog *')]
      .filter((element) => !element.closest('.vh, .sprite, svg'))
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
      })
      .map((element) => element.outerHTML.slice(0, 160)),
  );
}
