import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { context, launch, open, sizes, violations } from './browser';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
  page = await (await context(browser, sizes.wide)).newPage();
});
afterAll(() => browser.close());

describe('the QR code of a link', () => {
  it('that the portal shows is read by the phone from a picture', async () => {
    await page.goto(`${inject('site')}portal.html?scene=admin&lang=en&theme=dark#/users/1/devices`);
    await page.getByRole('button', { name: 'Link for a new app' }).click();
    const code = page.getByRole('img', { name: 'QR code of the link' });
    await code.waitFor();
    expect(await violations(page)).toEqual([]);
    const link = await page.locator('.url').innerText();
    const picture = { name: 'code.png', mimeType: 'image/png', buffer: await code.screenshot() };

    await open(page, { scene: 'first' }, false);
    await page.getByRole('button', { name: 'Use an invitation link or QR code' }).click();
    await page.locator('input[name=picture]').setInputFiles(picture);
    await page.getByText('The link was read from the picture.').waitFor();
    expect(await page.getByLabel('Link from your invitation').inputValue()).toBe(link);
    expect(await violations(page)).toEqual([]);
  });

  it('is missed in a picture that has none, in words', async () => {
    await open(page, { scene: 'first' }, false);
    const picture = { name: 'page.png', mimeType: 'image/png', buffer: await page.screenshot() };
    await page.getByRole('button', { name: 'Use an invitation link or QR code' }).click();
    await page.locator('input[name=picture]').setInputFiles(picture);
    await page.getByText('No QR code could be read in this picture.').waitFor();
    await page
      .locator('input[name=picture]')
      .setInputFiles({ name: 'x.png', mimeType: 'image/png', buffer: Buffer.from('x') });
    await page.getByText('No QR code could be read in this picture.').waitFor();
    expect(await page.getByLabel('Link from your invitation').inputValue()).toBe('');
  });
});
