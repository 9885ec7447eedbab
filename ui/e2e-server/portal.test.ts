import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { context, launch } from '../e2e/browser';
import { ask, logIn, show, Stage, wide } from './stage';

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

const row = (name: string) => page.getByRole('row', { name: new RegExp(name, 'u') });
const names = (): Promise<string[]> => page.locator('tbody tr td:nth-child(2) a').allTextContents();
const toast = (words: RegExp) => page.locator('.toast', { hasText: words }).waitFor();

describe('the server', () => {
  it('gives out the page for its links, and files beside it only', async () => {
    const get = (path: string) => page.request.get(stage.site + path, { failOnStatusCode: false });
    const top = await get('');
    expect(top.headers()['content-security-policy']).toContain("default-src 'self'");
    expect(top.headers()['cache-control']).toBe('no-cache');
    const text = await top.text();
    expect(await (await get('invitation')).text()).toBe(text);
    const script = /src="\.\/(assets\/[^"]+)"/u.exec(text)?.[1] ?? '';
    expect((await get(script)).headers()['cache-control']).toContain('immutable');
    expect((await get('assets/none.js')).status()).toBe(404);
    expect((await get('a/b')).status()).toBe(404);
    expect((await get('%2e%2e/Cargo.toml')).status()).toBe(404);
  });
});

describe('logging in', () => {
  it('says what does not fit', async () => {
    const other = await (await context(browser, wide)).newPage();
    await other.goto(stage.site);
    await other.locator('input[name=login]').fill('marieke');
    await other.locator('input[name=secret]').fill('wrong');
    await other.keyboard.press('Enter');
    await other.getByText(/That password does not fit marieke/u).waitFor();
    await other.context().close();
  });

  it('with a password that has to be changed asks for a new one, and goes on with it', async () => {
    const made = (await ask(page, 'POST', '/users', {
      firstName: 'Karin',
      lastName: 'Blom',
      email: 'karin@fiets.example',
      extension: '640',
      role: 'accountManagement',
      password: 'a first password',
      language: 'system',
      personal: { employer: '', job: '', numbers: [], description: '' },
      reuseExtension: false,
    })) as { user: { user: { id: number } } };
    expect(made.user.user.id).toBeGreaterThan(0);
    const karin = await (await context(browser, wide)).newPage();
    await karin.goto(stage.site);
    await karin.locator('input[name=login]').fill('karin@fiets.example');
    await karin.locator('input[name=secret]').fill('a first password');
    await karin.keyboard.press('Enter');
    await karin.getByRole('heading', { name: 'Choose a new password' }).waitFor();
    await karin.getByLabel('Password until now').fill('a first password');
    await karin.getByLabel('New password', { exact: true }).fill('short');
    await karin.getByLabel('New password, once more').fill('short');
    await karin.keyboard.press('Enter');
    await karin.getByText('It needs at least 10 characters').waitFor();
    await karin.getByLabel('New password', { exact: true }).fill('a second password');
    await karin.getByLabel('New password, once more').fill('a second password');
    await karin.keyboard.press('Enter');
    await karin.getByRole('heading', { name: 'Users' }).waitFor();
    await karin.context().close();
  });
});

describe('users', () => {
  it('are found and put in order', async () => {
    await show(page, stage, 'users');
    await row('Anna Bakker').waitFor();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('jan');
    await row('Anna Bakker').waitFor({ state: 'detached' });
    expect(await names()).toEqual(['Femke Jansen']);
    await page.getByRole('searchbox').fill('');
    await row('Anna Bakker').waitFor();
    await page.getByRole('button', { name: /^Extension/u }).click();
    await expect.poll(async () => (await names())[0]).toBe('Linda de Vries');
    await page.getByRole('button', { name: /^Extension/u }).click();
    await expect.poll(async () => (await names())[0]).toBe('Karin Blom');
  });

  it('are changed in the table; a number that is taken is told with whose it is and one that is free', async () => {
    await show(page, stage, 'users');
    await row('Anna Bakker').waitFor();
    await page.getByRole('button', { name: 'Edit Extension, Anna Bakker' }).click();
    await page.keyboard.type('601');
    await page.keyboard.press('Enter');
    await page.getByText('Extension 601 belongs to Linda de Vries. 608 is free.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Edit Extension, Anna Bakker' }).click();
    await page.keyboard.type('608');
    await page.keyboard.press('Enter');
    await row('Anna Bakker').getByText('608').waitFor();
    await page.reload();
    await row('Anna Bakker').getByText('608').waitFor();
  });

  it('are locked together, after what that would do was shown', async () => {
    await show(page, stage, 'users');
    await page.getByLabel('Select Femke Jansen').check();
    await page.getByLabel('Select Daan Visser').check();
    await page.getByLabel('Incoming calls', { exact: true }).selectOption('disabled');
    await page.getByText(/Nothing of Femke Jansen would ring any more/u).waitFor();
    await page.getByRole('button', { name: 'Show what changes' }).click();
    await page.getByRole('dialog').getByText('Daan Visser').first().waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Save anyway' }).click();
    await toast(/Saved for 2 people/u);
    await show(page, stage, 'users/9/settings');
    await expect.poll(() => page.getByLabel('Incoming calls', { exact: true }).inputValue()).toBe('disabled');
    await page.getByText(/Set by Marieke Smit/u).waitFor();
  });

  it('have a page whose every tab shows what the server knows', async () => {
    await show(page, stage, 'users/1');
    await page.getByText('06 0012 5530').waitFor();
    await page.getByRole('link', { name: 'Telephony', exact: true }).click();
    await page.locator('.item .num', { hasText: '020 012 11 01' }).waitFor();
    await page.getByRole('button', { name: 'Edit Ring time' }).click();
    await page.keyboard.type('35');
    await page.keyboard.press('Enter');
    await page.getByText('35 seconds').waitFor();
    await page.getByRole('link', { name: 'Permissions' }).click();
    expect(await page.getByLabel('Configure incoming calls').isChecked()).toBe(false);
    await page.getByRole('link', { name: 'Devices' }).last().click();
    await page.getByRole('link', { name: /203/u }).waitFor();
    await page.getByRole('link', { name: 'Language and security' }).click();
    await page.getByRole('switch', { name: /Password change at next log-in/u }).waitFor();
  });

  it('are invited by a link that works once', async () => {
    await show(page, stage, 'users');
    await page.getByRole('button', { name: 'New user' }).click();
    await page.locator('input[name=firstName]').fill('Bas');
    await page.locator('input[name=lastName]').fill('Prins');
    await page.locator('input[name=email]').fill('bas@fiets.example');
    await page.locator('input[name=extension]').fill('641');
    await page.locator('dialog footer .btn.primary').click();
    const link = (await page.locator('dialog .url').textContent()) ?? '';
    const bas = await (await context(browser, wide)).newPage();
    await bas.goto(link.trim());
    await bas.getByLabel('New password', { exact: true }).fill('long enough now');
    await bas.getByLabel('New password, once more').fill('long enough now');
    await bas.keyboard.press('Enter');
    await bas.locator('nav.side').waitFor();
    expect(bas.url()).not.toContain('bbl');
    await bas.context().clearCookies();
    await bas.goto('about:blank');
    await bas.goto(link.trim());
    await bas.getByText(/This link was used already/u).waitFor();
    await bas.context().close();
  });

  it('get a link to set a password anew', async () => {
    await show(page, stage, 'users/3');
    await page.getByRole('button', { name: 'Reset password' }).click();
    await page.locator('dialog .btn.primary, dialog .btn.danger').click();
    const link = (await page.locator('dialog .url').textContent()) ?? '';
    await page.keyboard.press('Escape');
    const tom = await (await context(browser, wide)).newPage();
    await tom.goto(link.trim());
    await tom.getByLabel('New password', { exact: true }).fill('tom chose this');
    await tom.getByLabel('New password, once more').fill('tom chose this');
    await tom.keyboard.press('Enter');
    await tom.locator('nav.side').waitFor();
    await tom.context().close();
  });
});

describe('requests', () => {
  it('come in while the page is open, and are accepted or declined with a reason', async () => {
    const linda = await logIn(browser, stage, 'linda');
    await show(page, stage, 'requests');
    await page.getByText(/No requests/u).waitFor();
    const draft = (direction: string, text: string) => ({ direction, wish: { on: true }, text });
    await ask(linda, 'POST', '/me/requests', draft('incoming', 'I work from home on Friday'));
    await page.getByText('I work from home on Friday').waitFor();
    await page.getByRole('link', { name: /Requests.*1 open/u }).waitFor();
    await page.getByRole('button', { name: 'Turn it on' }).click();
    await page.getByText('I work from home on Friday').waitFor({ state: 'detached' });
    const settings = (await ask(linda, 'GET', '/me/settings')) as { effective: { receive: { value: boolean } } };
    expect(settings.effective.receive.value).toBe(true);

    await ask(linda, 'POST', '/me/requests', draft('outgoing', 'My own way to call'));
    await page.getByText('My own way to call').waitFor();
    await page.getByRole('button', { name: 'Decline with a note' }).click();
    await page.getByLabel(/Why not/u).fill('After Friday');
    await page.keyboard.press('Enter');
    await page.getByText('My own way to call').waitFor({ state: 'detached' });
    await page.getByText(/^Settled/u).click();
    await page.getByText(/After Friday/u).waitFor();
    await linda.context().close();
  });
});

describe('devices', () => {
  it('show their registration as soon as there is one, are tested, and tell a new secret once', async () => {
    await show(page, stage, 'devices/1');
    await page.getByText('Not registered now.').waitFor();
    const phone = await stage.deskPhone('203');
    await page.getByText('Not registered now.').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText('It answers').waitFor();
    await page.getByRole('button', { name: 'New password' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'New password' }).click();
    await page.getByText('Copy it now.').waitFor();
    const secret = (await page.locator('.insp dd.mono').nth(2).textContent()) ?? '';
    expect(secret.length).toBeGreaterThan(15);
    await page.reload();
    await page.getByRole('button', { name: 'New password' }).waitFor();
    expect(await page.getByText(secret).count()).toBe(0);
    await phone.end();
  });
});

describe('calls', () => {
  it('are kept with the reason for each phone', async () => {
    // Joost is not rung by his apps and has no desk phone; the counter is Anna's and Tom's.
    await stage.deskPhone('210', 'answer', '--reject', '486');
    const caller = await stage.deskPhone('240', 'call', '608', '--for', '2');
    await caller.said(/"ended"/u);
    await show(page, stage, 'records');
    await page.getByRole('link', { name: /Daan Visser to Anna Bakker/u }).click();
    await page.getByText('Anna Bakker: Desk phone, 210 rang').waitFor();
    await page.getByText('It said that it is busy').waitFor();
  });
});

describe('numbers and trunks', () => {
  it('lead where they are told to', async () => {
    await show(page, stage, 'numbers');
    await page.getByRole('button', { name: 'New number' }).click();
    await page.getByLabel('Number', { exact: true }).fill('+31200121103');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText('020 012 11 03').waitFor();
    await page.getByRole('button', { name: 'New number' }).click();
    await page.getByLabel('Number', { exact: true }).fill('+31200121103');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await page.getByText('+31200121103 is in the list already.').waitFor();
    await page.keyboard.press('Escape');
    await page.getByText('Demo trunk').first().waitFor();
  });
});

describe('the organisation and the audit', () => {
  it('change, and tell each part of it', async () => {
    await show(page, stage, 'organisation');
    await page.getByRole('button', { name: 'Edit Name' }).click();
    await page.keyboard.type('Fietsen');
    await page.keyboard.press('Enter');
    await page.locator('.value', { hasText: 'Fietsen' }).waitFor();
    await show(page, stage, 'audit');
    await row('Organisation: Name').getByText('Fietsen').waitFor();
    await row('Telephony: Ring time').filter({ hasText: '→ 35 seconds' }).waitFor();
    await row('Details of a user: Extension').getByText('608').waitFor();
    await row('SIP password').waitFor();
    // Nothing of it is a word of the wire: JSON, or two words written as one.
    const cells = await page.locator('tbody td').allTextContents();
    expect(cells.filter((cell) => /[{[]"|\b[a-z]+[A-Z][a-z]+\b/u.test(cell))).toEqual([]);
  });
});
