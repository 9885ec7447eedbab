import { mkdirSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, launch, open, sizes, tooWide, violations } from './browser';
import { pictures } from './screens';
import { screens } from './walk';

describe('the smallest window', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await launch();
    page = await (await context(browser, sizes.smallest)).newPage();
  });
  afterAll(() => browser.close());

  it.each(screens)('holds $name', async ({ name, scene, go }) => {
    await open(page, { scene, lang: 'nl' });
    await go?.(page);
    await page.screenshot({ path: `${pictures}/${name}.smallest.nl.png` });
    expect(await tooWide(page)).toEqual([]);
  });
});

// In Dutch: its words are the longer ones.
describe('large text in a small window', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    mkdirSync(pictures, { recursive: true });
    browser = await launch();
    page = await (await context(browser, sizes.compact)).newPage();
  });
  afterAll(() => browser.close());

  it.each(screens)('$name wraps, stays whole and is accessible', async ({ name, scene, go }) => {
    await open(page, { scene, lang: 'nl' });
    await page.addStyleTag({ content: 'html { font-size: 200%; }' });
    await go?.(page);
    await page.screenshot({ path: `${pictures}/${name}.large.nl.png` });
    expect(await violations(page)).toEqual([]);
    expect(await tooWide(page)).toEqual([]);
  });
});
