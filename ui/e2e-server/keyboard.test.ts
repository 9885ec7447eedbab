import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, launch } from '../e2e/browser';
import { focused, hasRing, tabTo } from '../e2e/keys';
import { ask, logIn, password, Stage, wide } from './stage';

// A day's work with Tab, Shift and Tab, Enter, Space, arrows and Escape alone. Each step begins where the last one left
// the focus, so one that loses it stops the walk.
let stage: Stage;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.open(), launch()]);
  const caller = await stage.deskPhone('240', 'call', '602', '--for', '1');
  await caller.said(/"ended"/u);
  page = await (await context(browser, wide)).newPage();
  page.setDefaultTimeout(20_000);
  await page.goto(stage.site);
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});

const press = async (...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};
/** The focus is on something of this name, and it is seen there. */
async function standsOn(name: string | RegExp): Promise<void> {
  const pattern = typeof name === 'string' ? new RegExp(`^${name}$`, 'u') : name;
  await expect.poll(() => focused(page)).toMatch(pattern);
  expect(await hasRing(page)).toBe(true);
}
/** Goes by the menu; the page begins at its heading. */
async function goBy(menu: string | RegExp, heading: string): Promise<void> {
  await tabTo(page, menu, 'Shift+Tab');
  await press('Enter');
  await standsOn(heading);
}
/** Chooses with the arrows in the list that has the focus. */
async function choose(label: string): Promise<void> {
  const now = (): Promise<string> =>
    page.evaluate(() => (document.activeElement as HTMLSelectElement).selectedOptions[0]?.textContent ?? '');
  for (let i = 0; i < 20 && (await now()) !== label; i += 1) await press('ArrowDown');
  expect(await now()).toBe(label);
}
const toast = (words: RegExp): Promise<void> => page.locator('.toast', { hasText: words }).waitFor();

describe('by keyboard alone an administrator', () => {
  it('logs in', async () => {
    await standsOn('E-mail or log-in name');
    await page.keyboard.type('marieke');
    await tabTo(page, 'Password');
    await page.keyboard.type(password);
    await press('Enter');
    await standsOn('Users');
    await page.getByText('Anna Bakker').waitFor();
  });

  it('creates a user, and reads the link', async () => {
    await tabTo(page, 'New user');
    await press('Enter');
    for (const [label, text] of [
      ['First name', 'Bas'],
      ['Last name', 'Prins'],
      ['E-mail', 'bas@fiets.example'],
      ['Extension', '641'],
    ] as const) {
      await tabTo(page, label);
      await page.keyboard.type(text);
    }
    await tabTo(page, 'Create user');
    await press('Space');
    await page.getByRole('dialog', { name: 'Bas Prins is created' }).waitFor();
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await standsOn('New user');
  });

  it('changes an extension in the table, and leaves another as it was', async () => {
    await tabTo(page, 'Edit Extension, Bas Prins');
    await press('Enter');
    await page.keyboard.type('642');
    await press('Enter');
    await standsOn('Edit Extension, Bas Prins');
    await press('Enter');
    await page.keyboard.type('999');
    await press('Escape');
    await standsOn('Edit Extension, Bas Prins');
    await page
      .getByRole('row', { name: /Bas Prins/u })
      .getByText('642')
      .waitFor();
  });

  it('locks incoming calls for two, after looking what that does', async () => {
    await tabTo(page, 'Select Daan Visser', 'Shift+Tab');
    await press('Space');
    await tabTo(page, 'Select Femke Jansen');
    await press('Space');
    await page.getByRole('combobox', { name: 'Incoming calls' }).waitFor();
    await tabTo(page, 'Incoming calls');
    await choose('Disabled');
    await page.getByText(/Nothing of Femke Jansen would ring any more/u).waitFor();
    await tabTo(page, 'Show what changes');
    await press('Enter');
    await page.getByRole('dialog').getByText('Daan Visser').first().waitFor();
    await press('Escape');
    await standsOn('Show what changes');
    await tabTo(page, 'Configure incoming calls');
    await press('Space');
    await tabTo(page, 'Save anyway');
    await press('Enter');
    await toast(/Saved for 2 people/u);
    expect(await focused(page)).not.toBe('');
    await press('Escape');
    await page.locator('.insp').waitFor({ state: 'detached' });
    expect(await focused(page)).not.toBe('');
  });

  it('accepts a request', async () => {
    const linda = await logIn(browser, stage, 'linda');
    await ask(linda, 'POST', '/me/requests', {
      direction: 'incoming',
      wish: { on: true },
      text: 'From home on Friday',
    });
    await linda.context().close();
    await goBy(/^Requests/u, 'Requests.*');
    await page.getByText('From home on Friday').waitFor();
    await tabTo(page, 'Turn it on');
    await press('Enter');
    await page.getByText('From home on Friday').waitFor({ state: 'detached' });
    await standsOn('Requests.*');
  });

  it('assigns a number', async () => {
    await goBy('Numbers', 'Numbers and trunks');
    await page.getByText('020 012 10 00').waitFor();
    await tabTo(page, 'Edit 020 012 10 00');
    await press('Enter');
    await tabTo(page, 'Where to');
    await choose('A colleague');
    await tabTo(page, 'Which colleague');
    await choose('Tom Hughes, 603');
    await tabTo(page, 'Save');
    await press('Enter');
    await page.getByRole('row', { name: /020 012 10 00.*Tom Hughes/u }).waitFor();
    await standsOn('Edit 020 012 10 00');
  });

  it('makes a device, reads its password, and shares it', async () => {
    await goBy('Devices', 'Devices');
    await tabTo(page, 'New device');
    await press('Enter');
    await tabTo(page, 'Name');
    await page.keyboard.type('Canteen');
    await tabTo(page, 'Create device');
    await press('Enter');
    await page.getByText('Copy it now.').waitFor();
    await standsOn(/^Desk phone \d+$/u);
    await tabTo(page, 'Share with several…');
    await press('Enter');
    for (const name of ['Anna Bakker 602', 'Tom Hughes 603']) {
      await tabTo(page, name);
      await press('Space');
    }
    await tabTo(page, 'Save');
    await press('Enter');
    await page.locator('.insp').getByText('Anna Bakker, Tom Hughes').last().waitFor();
    await standsOn('Share with several…');
    await tabTo(page, 'Close', 'Shift+Tab');
    await press('Enter');
    await page.locator('.insp').waitFor({ state: 'detached' });
    await expect.poll(() => focused(page)).not.toBe('');
  });

  it('chooses a caller ID, which is saved at once', async () => {
    await goBy('Users', 'Users');
    await tabTo(page, 'Linda de Vries');
    await press('Enter');
    await standsOn('Linda de Vries');
    await tabTo(page, 'Telephony');
    await press('Enter');
    await tabTo(page, 'Outbound caller ID');
    await choose('020 012 11 01');
    const shown = async (): Promise<unknown> =>
      ((await ask(page, 'GET', '/users/1')) as { telephony: { callerId: unknown } }).telephony.callerId;
    await expect.poll(shown).toMatchObject({ kind: 'number' });
    await standsOn('Outbound caller ID');
  });

  it('reads why a call went as it did', async () => {
    await goBy('Call records', 'Call records');
    await page.getByRole('link', { name: /Daan Visser to Anna Bakker/u }).waitFor();
    await tabTo(page, /^Daan Visser to Anna Bakker/u);
    await press('Enter');
    await standsOn('Daan Visser to Anna Bakker');
    await page.getByText('Why it went this way').waitFor();
    await tabTo(page, 'Back to call records');
    await press('Enter');
    await standsOn('Call records');
  });

  it('stops at every control of every page, and sees where he is', async () => {
    for (const [menu, heading] of [
      ['Address book', 'Address book'],
      ['Audit', 'Audit'],
      ['Organisation', 'Organisation'],
    ] as const) {
      await goBy(menu, heading);
      for (let i = 0; i < 25; i += 1) {
        await press('Tab');
        expect(await hasRing(page), `${menu}: ${await focused(page)}`).toBe(true);
      }
    }
  });

  it('logs out', async () => {
    await goBy(/^Marieke Smit/u, 'Your account');
    await tabTo(page, 'Log out');
    await press('Enter');
    await standsOn('E-mail or log-in name');
  });
});
