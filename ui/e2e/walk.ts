import type { Page } from 'playwright-core';

/** A screen: the scene that the phone starts in, and how to get there from its first picture. */
export interface Screen {
  name: string;
  scene: string;
  go?: (page: Page) => Promise<void>;
}

const settings = async (page: Page): Promise<void> => page.locator('.tabs a').nth(1).click();

function settingsPage(index: number): (page: Page) => Promise<void> {
  return async (page) => {
    await settings(page);
    await page.locator('.col .card button').nth(index).click();
  };
}

const toolbar = (page: Page, index: number): Promise<void> => page.locator('.ctl button').nth(index).click();

/** Every screen of the phone. */
export const screens: Screen[] = [
  { name: 'first', scene: 'first' },
  { name: 'first-more', scene: 'first', go: (page) => page.locator('.more').click() },
  { name: 'first-error', scene: 'first', go: (page) => page.locator('button[type=submit]').click() },
  { name: 'first-wrong', scene: 'first', go: wrongPassword },
  { name: 'home', scene: 'home' },
  { name: 'home-missed', scene: 'home', go: (page) => page.locator('.head button').first().click() },
  { name: 'home-menu', scene: 'accounts', go: (page) => page.locator('.account').click() },
  { name: 'empty', scene: 'empty' },
  { name: 'offline', scene: 'offline' },
  { name: 'refused', scene: 'refused' },
  { name: 'search', scene: 'home', go: (page) => page.locator('.dial input').fill('an') },
  { name: 'search-number', scene: 'home', go: (page) => page.locator('.dial input').fill('0300') },
  { name: 'search-nobody', scene: 'home', go: (page) => page.locator('.dial input').fill('xyz') },
  { name: 'keypad', scene: 'home', go: keypad },
  { name: 'entry', scene: 'home', go: (page) => page.locator('.list .open').nth(1).click() },
  { name: 'entry-failed', scene: 'home', go: (page) => page.locator('.list .open', { hasText: 'Sophie' }).click() },
  { name: 'incoming', scene: 'incoming' },
  { name: 'waiting', scene: 'waiting' },
  { name: 'calling', scene: 'calling' },
  { name: 'call', scene: 'call' },
  { name: 'call-keys', scene: 'call', go: (page) => toolbar(page, 3) },
  { name: 'call-audio', scene: 'call', go: (page) => toolbar(page, 4) },
  { name: 'call-more', scene: 'call', go: (page) => toolbar(page, 5) },
  { name: 'call-quality', scene: 'call', go: (page) => page.locator('.line button').click() },
  { name: 'held', scene: 'held' },
  { name: 'two', scene: 'two' },
  { name: 'transfer', scene: 'two', go: (page) => toolbar(page, 2) },
  { name: 'ask', scene: 'ask' },
  { name: 'ended', scene: 'ended' },
  { name: 'settings', scene: 'home', go: settings },
  { name: 'accounts', scene: 'accounts', go: settingsPage(0) },
  { name: 'accounts-remove', scene: 'accounts', go: removeAccount },
  { name: 'account-edit', scene: 'accounts', go: editAccount },
  { name: 'audio', scene: 'home', go: settingsPage(1) },
  { name: 'audio-unplugged', scene: 'unplugged', go: settingsPage(1) },
  { name: 'display', scene: 'home', go: settingsPage(2) },
  { name: 'about', scene: 'home', go: settingsPage(3) },
];

async function wrongPassword(page: Page): Promise<void> {
  await page.locator('input[name=domain]').fill('fiets.example');
  await page.locator('input[name=username]').fill('linda');
  await page.locator('input[name=secret]').fill('wrong');
  await page.locator('button[type=submit]').click();
  await page.clock.runFor(1500);
  await page.locator('.err').waitFor();
}

async function keypad(page: Page): Promise<void> {
  await page.locator('.dial .icb').last().click();
  for (const key of ['0', '2', '0', '0', '1', '2', '3', '4'])
    await page.locator('.keys button', { hasText: key }).first().click();
}

async function removeAccount(page: Page): Promise<void> {
  await settingsPage(0)(page);
  await page.locator('.pane .card').nth(1).locator('button').last().click();
}

async function editAccount(page: Page): Promise<void> {
  await settingsPage(0)(page);
  await page.locator('.pane .card button').first().click();
  await page.locator('.more').click();
}
