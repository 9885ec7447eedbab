import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../e2e/browser';
import { ask, logIn, show, Stage } from './stage';

// What each role finds in the portal of a real server, and what it does not.
let stage: Stage;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.open(), launch()]);
  page = await logIn(browser, stage, 'marieke');
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});

describe('somebody without a role', () => {
  it('finds his colleagues, his calls and his account, and nothing of others', async () => {
    const anna = await logIn(browser, stage, 'anna');
    const menu = anna.locator('nav.side a .word:not(.who)');
    expect(await menu.allTextContents()).toEqual(['Colleagues', 'Call records']);
    await anna.getByRole('row', { name: /Linda de Vries/u }).waitFor();
    await anna.goto(`${stage.site}#/users`);
    await anna.getByText(/Nothing is at this address/u).waitFor();
    await anna.context().close();
  });

  it('edits his own profile, availability and forwarding, and what is not locked', async () => {
    const daan = await logIn(browser, stage, 'daan');
    await show(daan, stage, 'me');
    await daan.getByRole('button', { name: 'Edit Job' }).click();
    await daan.keyboard.type('Mechanic');
    await daan.keyboard.press('Enter');
    await daan.locator('.value', { hasText: 'Mechanic' }).waitFor();
    await daan.getByRole('link', { name: 'Telephony' }).click();
    await daan.getByRole('button', { name: 'Edit Reachable at' }).click();
    await daan.getByRole('dialog').getByLabel('Where to').selectOption('external');
    await daan.getByRole('dialog').getByLabel('Number').fill('06 0012 4477');
    await daan.keyboard.press('Enter');
    await daan.getByText('06 0012 4477').waitFor();
    await daan.getByRole('switch', { name: 'Do not disturb' }).click();
    await expect.poll(async () => ((await ask(daan, 'GET', '/me/dnd')) as { on: boolean }).on).toBe(true);
    await daan.getByRole('link', { name: 'Calls in my apps' }).click();
    await daan.getByRole('switch', { name: 'Make calls' }).click();
    await daan.getByText('Off: only emergency numbers can be called').waitFor();
    await daan.context().close();
  });

  it('sees who locked a setting, and asks for a change', async () => {
    const tom = await logIn(browser, stage, 'tom');
    await show(tom, stage, 'me/calls');
    await tom.getByText(/^Set by Marieke Smit/u).waitFor();
    expect(await tom.getByRole('switch', { name: 'Make calls' }).getAttribute('aria-disabled')).toBe('true');
    await tom.getByRole('button', { name: /^Ask for a change/u }).click();
    await tom.getByLabel(/What should change/u).fill('I answer the shop at noon');
    await tom.keyboard.press('Enter');
    await tom.locator('.toast', { hasText: 'Your request was sent' }).waitFor();
    await show(page, stage, 'requests');
    await page.getByText('I answer the shop at noon').waitFor();
    await tom.context().close();
  });
});

describe('who manages accounts', () => {
  it('assigns numbers, and finds neither the organisation nor what adds numbers', async () => {
    const els = await logIn(browser, stage, 'els');
    const menu = els.locator('nav.side a .word:not(.who)');
    const names = ['Users', 'Address book', 'Devices', 'Numbers', 'Call records', 'Requests', 'Audit'];
    expect(await menu.allTextContents()).toEqual(names);
    await show(els, stage, 'numbers');
    expect(await els.getByRole('button', { name: /^New|^Delete/u }).count()).toBe(0);
    await els.getByRole('button', { name: 'Edit 020 012 10 00' }).click();
    await els.getByRole('dialog').getByLabel('Where to').selectOption('user');
    await els.getByRole('dialog').getByLabel('Which colleague').selectOption({ label: 'Femke Jansen, 612' });
    await els.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await els.getByRole('row', { name: /020 012 10 00.*Femke Jansen/u }).waitFor();
    await els.context().close();
  });
});

describe('a partner', () => {
  it('administers another organisation, and nothing of the one is seen in the other', async () => {
    const other = 'other.localhost';
    await stage.admin('add-organisation', '--name', 'Other Works', '--domain', other);
    await stage.admin('partner', '--home', 'demo.localhost', '--login', 'femke', '--domain', other);
    const femke = await logIn(browser, stage, 'femke');
    await femke.getByLabel('Organisation').selectOption({ label: 'Other Works' });
    await femke.getByRole('heading', { name: 'Users' }).waitFor();
    expect(await femke.locator('tbody tr').count()).toBe(0);
    await femke.getByRole('button', { name: 'New user' }).click();
    for (const [name, text] of [
      ['firstName', 'Olga'],
      ['lastName', 'Other'],
      ['email', 'olga@other.example'],
      ['extension', '601'],
    ] as const)
      await femke.locator(`input[name=${name}]`).fill(text);
    await femke.locator('dialog footer .btn.primary').click();
    await femke.getByRole('dialog', { name: 'Olga Other is created' }).waitFor();
    await femke.keyboard.press('Escape');
    await femke.getByRole('row', { name: /Olga Other/u }).waitFor();
    await femke.getByLabel('Organisation').selectOption({ index: 0 });
    await femke.getByRole('heading', { name: 'Colleagues' }).waitFor();
    expect(await femke.getByText('Olga Other').count()).toBe(0);
    await show(page, stage, 'users');
    expect(await page.getByText('Olga Other').count()).toBe(0);
    await femke.context().close();
  });
});
