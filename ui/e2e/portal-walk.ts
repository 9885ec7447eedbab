import type { Page } from 'playwright-core';

/** A screen of the portal: the scene that its server starts in, its address, and how to get there from that. */
export interface PortalScreen {
  name: string;
  scene?: string;
  hash?: string;
  go?: (page: Page) => Promise<void>;
}

/** Every screen of the portal. */
export const portalScreens: PortalScreen[] = [
  { name: 'log-in', scene: 'out' },
  { name: 'log-in-wrong', scene: 'out', go: wrongPassword },
  { name: 'new-password', scene: 'first' },
  { name: 'invitation', scene: 'out', hash: '#/link/welcome' },
  { name: 'set-up', scene: 'out', hash: '#/set-up/first' },
  { name: 'link-used', scene: 'out', hash: '#/link/old' },
  { name: 'users', hash: '#/users' },
  { name: 'users-inline', hash: '#/users', go: (page) => page.locator('[data-pencil="2-extension"]').click() },
  { name: 'users-taken', hash: '#/users', go: takenExtension },
  { name: 'users-new', hash: '#/users', go: (page) => page.locator('header .btn.primary').click() },
  { name: 'users-created', hash: '#/users', go: createUser },
  { name: 'users-chosen', hash: '#/users', go: choose },
  { name: 'users-disabled', hash: '#/users', go: disableReception },
  { name: 'users-trial', hash: '#/users', go: showTrial },
  { name: 'requests', hash: '#/requests' },
  { name: 'requests-decline', hash: '#/requests', go: (page) => page.locator('.btn.quiet').first().click() },
  { name: 'requests-settled', hash: '#/requests', go: (page) => page.locator('.seg label').nth(1).click() },
  { name: 'requests-none', scene: 'quiet', hash: '#/requests' },
  { name: 'user-personal', hash: '#/users/1' },
  { name: 'user-telephony', hash: '#/users/1/telephony' },
  { name: 'user-inline', hash: '#/users/1/telephony', go: (page) => page.locator('.item .icb').first().click() },
  {
    name: 'user-destination',
    hash: '#/users/1/telephony',
    go: (page) => page.locator('.cols > :nth-child(2) .icb').nth(1).click(),
  },
  { name: 'user-settings', hash: '#/users/1/settings' },
  { name: 'user-permissions', hash: '#/users/1/permissions' },
  { name: 'user-devices', hash: '#/users/1/devices' },
  { name: 'user-security', hash: '#/users/4/security' },
  { name: 'user-delete', hash: '#/users/7', go: (page) => page.locator('header .btn').nth(1).click() },
  { name: 'user-reset', hash: '#/users/1', go: (page) => page.locator('header .btn').first().click() },
  { name: 'contacts', hash: '#/contacts' },
  { name: 'contact-new', hash: '#/contacts', go: (page) => page.locator('header .btn.primary').click() },
  {
    name: 'user-caller-id',
    hash: '#/users/1/telephony',
    go: async (page) => void (await page.locator('.caller select').selectOption('perCountry')),
  },
  { name: 'device-owners', hash: '#/devices/203', go: (page) => page.locator('.insp .under').first().click() },
  { name: 'devices', hash: '#/devices' },
  { name: 'device', hash: '#/devices/203', go: testDevice },
  { name: 'device-silent', hash: '#/devices/240', go: testDevice },
  { name: 'device-secret', hash: '#/devices/203', go: newSecret },
  { name: 'device-new', hash: '#/devices', go: (page) => page.locator('header .btn.primary').click() },
  { name: 'numbers', hash: '#/numbers', go: (page) => page.locator('.above .btn').first().click() },
  { name: 'number-edit', hash: '#/numbers', go: (page) => page.locator('td .icb').first().click() },
  { name: 'trunk-edit', hash: '#/numbers', go: (page) => page.locator('.above .icb').first().click() },
  { name: 'records', hash: '#/records' },
  { name: 'record', hash: '#/records/c-1' },
  { name: 'audit', hash: '#/audit' },
  { name: 'organisation', hash: '#/organisation' },
  { name: 'me', hash: '#/me' },
  { name: 'member', scene: 'member' },
  { name: 'me-telephony', scene: 'member', hash: '#/me/telephony' },
  { name: 'me-calls', scene: 'member', hash: '#/me/calls' },
  { name: 'partner', scene: 'partner', hash: '#/users' },
];

async function wrongPassword(page: Page): Promise<void> {
  await page.locator('input[name=login]').fill('linda@fiets.example');
  await page.locator('input[name=secret]').fill('wrong');
  await page.locator('button[type=submit]').click();
  await page.locator('.err').waitFor();
}

async function takenExtension(page: Page): Promise<void> {
  await page.locator('[data-pencil="2-extension"]').click();
  await page.locator('td .inp input').fill('601');
  await page.keyboard.press('Enter');
  await page.locator('.note.bad').waitFor();
}

async function createUser(page: Page): Promise<void> {
  await page.locator('header .btn.primary').click();
  await page.locator('input[name=firstName]').fill('Karin');
  await page.locator('input[name=lastName]').fill('Blom');
  await page.locator('input[name=email]').fill('karin@fiets.example');
  await page.locator('input[name=extension]').fill('631');
  await page.locator('dialog footer .btn.primary').click();
  await page.locator('dialog .url').waitFor();
}

/** The four people of the reception. */
async function choose(page: Page): Promise<void> {
  for (const name of ['Bastiaan Prins', 'Femke Jansen', 'George Whitfield', 'Sebastian Cole'])
    await page.locator('tr', { hasText: name }).locator('input[type=checkbox]').click();
  await page.locator('.insp select').first().waitFor();
}

async function disableReception(page: Page): Promise<void> {
  await choose(page);
  await page.locator('.insp select').nth(0).selectOption('disabled');
  await page.locator('.insp select').nth(1).selectOption('enabled');
  await page.locator('.insp select').nth(2).selectOption('deskPhone');
  await page.locator('.insp .check input').first().click();
  await page.locator('.insp .inp input').last().fill('You work from your mobile this month.');
  await page.locator('.insp .note.bad').waitFor();
}

async function showTrial(page: Page): Promise<void> {
  await disableReception(page);
  await page.locator('.insp .note .btn').click();
  await page.locator('dialog').waitFor();
}

async function testDevice(page: Page): Promise<void> {
  await page.locator('.insp section .btn', { hasText: /^Test/u }).click();
  await page.locator('.insp [aria-live] li').nth(3).waitFor();
}

async function newSecret(page: Page): Promise<void> {
  await page.locator('.insp .btn.under').last().click();
  await page.locator('dialog .btn.danger').click();
  await page.locator('.insp .note.ok').waitFor();
}
