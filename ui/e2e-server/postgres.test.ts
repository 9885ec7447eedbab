import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../e2e/browser';
import { Postgres } from './postgres';
import { ask, logIn, show, Stage } from './stage';

// The portal at a server that keeps everything in PostgreSQL.
let postgres: Postgres | undefined;
let stage: Stage | undefined;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [postgres, browser] = await Promise.all([Postgres.start(), launch()]);
  if (!postgres) return;
  stage = await Stage.open('--demo', '--database', postgres.url);
  page = await logIn(browser, stage, 'marieke');
});
afterAll(async () => {
  await browser.close();
  await stage?.close();
  await postgres?.stop();
});

const row = (name: string) => page.getByRole('row', { name: new RegExp(name, 'u') });

describe('at a server with PostgreSQL', () => {
  it('people are found, changed, locked and made, and the audit tells of it', async ({ skip }) => {
    if (!stage) return skip();
    await show(page, stage, 'users');
    await page.getByRole('searchbox').fill('jan');
    await row('Anna Bakker').waitFor({ state: 'detached' });
    await page.getByLabel('Select Femke Jansen').check();
    await page.getByLabel('Incoming calls', { exact: true }).selectOption('disabled');
    await page.getByRole('button', { name: 'Save anyway' }).click();
    await page.locator('.toast', { hasText: /Saved for 1 person/u }).waitFor();
    await show(page, stage, 'users/1/telephony');
    await page.getByRole('button', { name: 'Edit Ring time' }).click();
    await page.keyboard.type('35');
    await page.keyboard.press('Enter');
    await page.locator('.value', { hasText: '35 seconds' }).waitFor();
    await show(page, stage, 'audit');
    await row('Telephony: Ring time').filter({ hasText: '35 seconds' }).waitFor();
  });

  it('a link that was replaced says so', async ({ skip }) => {
    if (!stage) return skip();
    const link = async (): Promise<string> =>
      ((await ask(page, 'POST', '/users/3/links', { purpose: 'reset' })) as { url: string }).url;
    const [old] = [await link(), await link()];
    const tom = await (await browser.newContext()).newPage();
    await tom.goto(old);
    await tom.getByText(/a newer one was made/u).waitFor();
    await tom.context().close();
  });

  it('somebody of the address book becomes a user', async ({ skip }) => {
    if (!stage) return skip();
    await show(page, stage, 'contacts');
    await page.getByRole('button', { name: 'New person' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('First name').fill('Ruben');
    await dialog.getByLabel('Last name').fill('Mulder');
    await dialog.getByLabel('Employer').fill('Wheel Works');
    await dialog.getByLabel('Reachable at').fill('mobile 06 0012 9911');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: /^Make a user/u }).click();
    expect(await dialog.getByLabel('Employer').inputValue()).toBe('Wheel Works');
    await dialog.getByLabel('E-mail').fill('ruben@fiets.example');
    await dialog.getByLabel('Extension').fill('650');
    await dialog.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('dialog', { name: 'Ruben Mulder is created' }).waitFor();
    await page.keyboard.press('Escape');
    await row('Ruben Mulder').getByText('User, 650').waitFor();
  });
});
