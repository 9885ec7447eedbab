import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { context, launch } from './browser';
import { focused, hasRing, tabTo } from './keys';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  page = await (await context(browser, { width: 1440, height: 900 })).newPage();
});
afterEach(() => page.context().close());

describe('the portal by keyboard alone', () => {
  it('locks the incoming calls of two people, from the log-in on', async () => {
    await open('out', '');
    await tabTo(page, 'E-mail or log-in name');
    await page.keyboard.type('marieke@fiets.example');
    await tabTo(page, 'Password');
    await page.keyboard.type('bellbird');
    await page.keyboard.press('Enter');
    await page.getByText('Anna Bakker').waitFor();

    await page.keyboard.press('Control+k');
    await page.keyboard.type('jan');
    await page.getByText('Anna Bakker').waitFor({ state: 'detached' });
    await tabTo(page, 'Select Femke Jansen');
    await page.keyboard.press('Space');
    await page.getByRole('combobox', { name: 'Incoming calls' }).waitFor();
    await tabTo(page, 'Incoming calls');
    await page.keyboard.type('Dis');
    await tabTo(page, 'Configure incoming calls');
    await page.keyboard.press('Space');
    await page.getByText('Nothing of Femke Jansen would ring any more.').waitFor();
    await tabTo(page, 'Save anyway');
    await page.keyboard.press('Enter');
    await page.getByText('Saved for 1 person').waitFor();
  });

  it('edits in the table, and comes back to where it was', async () => {
    await open('admin', '#/users');
    await page.getByText('Anna Bakker').waitFor();
    await tabTo(page, 'Edit Extension, Anna Bakker');
    await page.keyboard.press('Enter');
    await page.keyboard.type('645');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Edit Extension, Anna Bakker');
    await page.getByText('645').waitFor();
  });

  it('opens a page at its heading, and skips the menu where that is asked for', async () => {
    await open('admin', '#/users');
    await page.getByText('Anna Bakker').waitFor();
    await tabTo(page, 'Audit');
    await page.keyboard.press('Enter');
    await expect.poll(() => focused(page)).toBe('Audit');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await page.locator('.skip').focus();
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1');
  });

  it('shows where the focus is at every stop', async () => {
    for (const hash of ['#/users', '#/users/1/telephony', '#/devices/203', '#/requests', '#/me']) {
      await open('admin', hash);
      await page.locator('main .work').waitFor();
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      for (let i = 0; i < 40; i += 1) {
        await page.keyboard.press('Tab');
        expect(await hasRing(page), `${hash}: ${await focused(page)}`).toBe(true);
      }
    }
  });
});

async function open(scene: string, hash: string): Promise<void> {
  await page.goto('about:blank');
  await page.goto(`${inject('site')}portal.html?scene=${scene}&lang=en&theme=light${hash}`);
  await page.locator('h1').first().waitFor();
}
