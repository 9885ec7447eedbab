import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { context, launch, open, sizes } from './browser';

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  page = await (await context(browser, sizes.compact)).newPage();
});
afterEach(() => page.context().close());

describe('by keyboard alone', () => {
  it('an account is added, a call is made, muted, held and ended', async () => {
    await open(page, { scene: 'first' }, false);
    await tabTo('Add a SIP account by hand');
    await page.keyboard.press('Enter');
    await tabTo('Domain');
    await page.keyboard.type('fiets.example');
    await tabTo('Name or number');
    await page.keyboard.type('601');
    await tabTo('Password');
    await page.keyboard.type('secret');
    await page.keyboard.press('Enter');
    await page.getByRole('combobox').waitFor();

    await page.keyboard.type('0201234567');
    await page.keyboard.press('Enter');
    await page.getByRole('timer').waitFor();
    await page.keyboard.press('Control+Shift+M');
    await page.getByRole('button', { name: 'Mute', pressed: true }).waitFor();
    await page.keyboard.press('Control+Shift+H');
    await page.getByRole('button', { name: 'Resume', pressed: true }).waitFor();
    await tabTo('Hang up');
    await page.keyboard.press('Enter');
    await page.getByText('No calls yet').waitFor();
  });

  it('a user logs in, turns Do not disturb on for an hour and off again', async () => {
    await open(page, { scene: 'first' }, false);
    await tabTo('Server');
    await page.keyboard.type('bel.fiets.example');
    await tabTo('Work e-mail');
    await page.keyboard.type('linda@fiets.example');
    await tabTo('Password');
    await page.keyboard.type('secret');
    await page.keyboard.press('Enter');
    await page.getByRole('combobox').waitFor();

    await tabTo('Do not disturb');
    await page.keyboard.press('Space');
    await page.getByRole('dialog').waitFor();
    await tabTo('30 minutes');
    await page.keyboard.press('Space');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('radio', { name: '1 hour', checked: true }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe('Do not disturb');
    await page.keyboard.press('Control+Shift+D');
    await page.getByRole('switch', { name: 'Do not disturb', checked: false }).waitFor();
  });

  it('what an administrator locked is passed over, and its note is met at the button that asks', async () => {
    await open(page, { scene: 'locked' });
    await page.keyboard.press('Control+4');
    await tabTo('Telephony & Audio Jabra Evolve2 65');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Telephony & Audio' }).waitFor();
    const names = (await stops()).map((stop) => stop.name);
    expect(names).toContain('Ask for a change: Receive incoming calls');
    expect(names).toContain('Ask for a change: Make calls');
    expect(names.filter((name) => /^(?:Receive|Make|This client|All my)/u.test(name))).toEqual([]);
    const described = await page
      .getByRole('button', { name: 'Ask for a change: Make calls' })
      .evaluate((element) => document.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent);
    expect(described).toContain('Marieke Smit');
  });

  it('an emergency number is called while making calls is off, and no other', async () => {
    await open(page, { scene: 'calls-off' });
    await page.keyboard.type('0201234567');
    await page.keyboard.press('Enter');
    await page.getByText('turned this off on').first().waitFor();
    expect(await page.getByRole('button', { name: 'Hang up' }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.keyboard.type('112');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Hang up' }).waitFor();
  });

  it('a sheet keeps the focus, and closing it gives the focus back', async () => {
    await open(page, { scene: 'call' });
    await tabTo('Mute');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await focused()).toBe('Transfer');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    for (let i = 0; i < 8; i += 1) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate(
          () => document.activeElement === document.body || Boolean(document.activeElement?.closest('dialog')),
        ),
      ).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toBe('Transfer');
    await page.getByRole('timer').waitFor();
  });

  it('every stop of the window shows where the focus is', async () => {
    for (const scene of [
      'home',
      'call',
      'two',
      'incoming',
      'refused',
      'first',
      'server',
      'dnd',
      'calls-off',
      'password',
    ]) {
      await open(page, { scene });
      for (const stop of await stops()) expect(stop.ring, `${scene}: ${stop.name}`).toBe(true);
    }
  });

  it('the list of calls is one stop, with arrows inside', async () => {
    await open(page, { scene: 'home' });
    const names = (await stops()).map((stop) => stop.name);
    expect(names.filter((name) => name.startsWith('Anna Bakker'))).toHaveLength(1);
    expect(names.filter((name) => name.startsWith('Piet Zwart'))).toHaveLength(0);
  });

  it('F6 goes from the tabs to the list and round again', async () => {
    await open(page, { scene: 'home' });
    await page.keyboard.press('F6');
    const first = await focused();
    await page.keyboard.press('F6');
    expect(await focused()).not.toBe(first);
    await page.keyboard.press('F6');
    expect(await focused()).toBe(first);
  });

  it('pages are reached by their numbers, and Esc goes back to the list', async () => {
    await open(page, { scene: 'home' });
    await page.keyboard.press('Control+4');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await tabTo('Accounts 601@fiets.example · Reachable');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Audio devices' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await page.keyboard.press('Control+1');
    await page.getByRole('combobox').waitFor();
  });
});

describe('what is opened', () => {
  it('gets the focus where it hides the list, and the list gets it back', async () => {
    await open(page, { scene: 'home' });
    await tabTo('Anna Bakker Incoming. Incoming, 4 min 11:53');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Piet Zwart' }).waitFor();
    await expect.poll(focused).toBe('Piet Zwart');
    await page.keyboard.press('Escape');
    await expect.poll(focused).toMatch(/^Piet Zwart Missed twice/u);
  });

  it('leaves the focus in the list where both are seen', async () => {
    await page.setViewportSize(sizes.wide);
    await open(page, { scene: 'home' });
    await tabTo('Anna Bakker Incoming. Incoming, 4 min 11:53');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Anna Bakker' }).waitFor();
    expect(await focused()).toMatch(/^Anna Bakker Incoming/u);
  });
});

/** The name of what has the focus, as a reader says it. */
function focused(): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return '';
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : undefined;
    const said = element.cloneNode(true) as HTMLElement;
    for (const silent of said.querySelectorAll('[aria-hidden=true]')) silent.remove();
    return (element.getAttribute('aria-label') ?? label ?? said.textContent).replace(/\s+/gu, ' ').trim();
  });
}

async function tabTo(name: string): Promise<void> {
  for (let i = 0; i < 40; i += 1) {
    if ((await focused()) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no tab stop is called ${name}; the last one is ${await focused()}`);
}

/** All tab stops of the window, once round, and whether each shows a ring. */
async function stops(): Promise<{ name: string; ring: boolean }[]> {
  const found: { name: string; ring: boolean }[] = [];
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  });
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press('Tab');
    const name = await focused();
    if (name === '' && found.length > 0) return found;
    found.push({ name, ring: await hasRing() });
  }
  return found;
}

function hasRing(): Promise<boolean> {
  return page.evaluate(() => {
    const element = document.activeElement;
    const drawn = element?.closest('.inp') ?? element;
    return !drawn || drawn === document.body || getComputedStyle(drawn).outlineStyle !== 'none';
  });
}
