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

/** Another way in than logging in with a password: 0 by link, 1 by hand. */
const way = (page: Page, index: number): Promise<void> => page.locator('.ways button').nth(index).click();

const more = async (page: Page): Promise<void> => {
  await way(page, 1);
  await page.locator('.more').click();
};

async function findServer(page: Page, address: string, until: string): Promise<void> {
  await page.locator('input[name=server]').fill(address);
  await page.locator('input[name=server]').blur();
  await page.clock.runFor(1500);
  await page.locator(until).waitFor();
}

async function logIn(page: Page, address: string, until: string, secret = 'wrong'): Promise<void> {
  await page.locator('input[name=server]').fill(address);
  await page.locator('input[name=login]').fill('linda@fiets.example');
  await page.locator('input[name=secret]').fill(secret);
  await page.locator('button[type=submit]').click();
  await page.clock.runFor(1500);
  await page.locator(until).waitFor();
}

async function byHandWithout(page: Page): Promise<void> {
  await way(page, 1);
  await page.locator('button[type=submit]').click();
}

async function lockedRest(page: Page): Promise<void> {
  await settingsPage(0)(page);
  await page.locator('.note.lock').last().scrollIntoViewIfNeeded();
}

async function forwarding(page: Page): Promise<void> {
  await settingsPage(0)(page);
  await page.locator('section[aria-labelledby=forwarding] .sw').first().click();
  await page.locator('dialog input[name=number]').waitFor();
}

async function ask(page: Page): Promise<void> {
  await settingsPage(0)(page);
  await page.locator('.note.lock .btn').last().click();
}

async function changePassword(page: Page): Promise<void> {
  await settingsPage(1)(page);
  await page.locator('.pane .main > .row .btn').first().click();
}

async function pickTime(page: Page): Promise<void> {
  await page.locator('.note.dnd .btn').click();
  await page.locator('.picks label').last().click();
}

async function availability(page: Page): Promise<void> {
  await page.locator('.account').click();
  await page.locator('.menuitem').nth(1).click();
}

async function availableElsewhere(page: Page): Promise<void> {
  await availability(page);
  await page.locator('dialog .radio').last().click();
}

async function why(page: Page): Promise<void> {
  await page.locator('.list .open', { hasText: 'Piet' }).first().click();
  await page.locator('.pane .main .btn').first().click();
}

/** Every screen of the phone. */
export const screens: Screen[] = [
  { name: 'first', scene: 'first' },
  { name: 'first-gap', scene: 'first', go: (page) => page.locator('button[type=submit]').click() },
  { name: 'first-nobody', scene: 'first', go: (page) => findServer(page, 'bell.fiets.example', '.err') },
  { name: 'first-found', scene: 'first', go: (page) => findServer(page, 'bel.fiets.example', '.good') },
  { name: 'first-refused', scene: 'first', go: (page) => logIn(page, 'bel.fiets.example', '.err') },
  { name: 'first-too-old', scene: 'first', go: (page) => logIn(page, 'old.fiets.example', '.note.bad') },
  {
    name: 'first-password',
    scene: 'first',
    go: (page) => logIn(page, 'bel.fiets.example', 'input[name=again]', 'first'),
  },
  { name: 'first-link', scene: 'first', go: (page) => way(page, 0) },
  { name: 'first-hand', scene: 'first', go: (page) => way(page, 1) },
  { name: 'first-more', scene: 'first', go: more },
  { name: 'first-error', scene: 'first', go: byHandWithout },
  { name: 'first-wrong', scene: 'first', go: wrongPassword },
  { name: 'password', scene: 'password' },
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
  { name: 'server', scene: 'server' },
  { name: 'server-menu', scene: 'server', go: (page) => page.locator('.account').click() },
  { name: 'server-search', scene: 'server', go: (page) => page.locator('.dial input').fill('an') },
  { name: 'server-withheld', scene: 'server', go: withheld },
  { name: 'server-settings', scene: 'server', go: settings },
  { name: 'telephony', scene: 'saved', go: settingsPage(0) },
  { name: 'telephony-locked', scene: 'locked', go: settingsPage(0) },
  { name: 'telephony-locked-rest', scene: 'locked', go: lockedRest },
  { name: 'telephony-asked', scene: 'asked', go: settingsPage(0) },
  { name: 'telephony-forwarding', scene: 'server', go: forwarding },
  { name: 'telephony-ask', scene: 'locked', go: ask },
  { name: 'locked-call', scene: 'locked-call' },
  { name: 'account', scene: 'server', go: settingsPage(1) },
  { name: 'account-password', scene: 'server', go: changePassword },
  { name: 'dnd', scene: 'dnd' },
  { name: 'dnd-panel', scene: 'dnd', go: (page) => page.locator('.note.dnd .btn').click() },
  { name: 'dnd-time', scene: 'dnd', go: pickTime },
  { name: 'availability', scene: 'dnd', go: availability },
  { name: 'availability-number', scene: 'server', go: availableElsewhere },
  { name: 'calls-off', scene: 'calls-off' },
  { name: 'calls-off-typed', scene: 'calls-off', go: (page) => page.keyboard.type('0201234567') },
  { name: 'calls-off-emergency', scene: 'calls-off', go: (page) => page.keyboard.type('112') },
  { name: 'calls-off-keypad', scene: 'calls-off', go: keypad },
  { name: 'server-offline', scene: 'server-offline' },
  { name: 'server-offline-settings', scene: 'server-offline', go: settingsPage(0) },
  { name: 'logged-out', scene: 'logged-out' },
  { name: 'refusal', scene: 'refusal' },
  { name: 'desk-call', scene: 'desk-call' },
  { name: 'kept', scene: 'why' },
  { name: 'why', scene: 'why', go: why },
];

async function wrongPassword(page: Page): Promise<void> {
  await way(page, 1);
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

async function withheld(page: Page): Promise<void> {
  await keypad(page);
  await page.locator('.main > .btn.quiet').click();
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
