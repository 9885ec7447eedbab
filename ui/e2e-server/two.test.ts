import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launch } from '../e2e/browser';
import { ask, logIn, show, Stage } from './stage';

// Two administrators at one server: nobody's change is overwritten unseen, and each says who was first.
let stage: Stage;
let browser: Browser;
let marieke: Page;
let els: Page;

beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.open(), launch()]);
  marieke = await logIn(browser, stage, 'marieke');
  const { revision } = ((await ask(marieke, 'GET', '/users/8')) as { user: { revision: number } }).user;
  await ask(marieke, 'PATCH', '/users/8', { base: revision, role: 'admin', reuseExtension: false });
  els = await logIn(browser, stage, 'els');
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});

/** Opens an edit, lets the other one write first, and saves. */
async function overtake(edit: () => Promise<void>, first: () => Promise<unknown>): Promise<void> {
  await edit();
  await first();
  await marieke.keyboard.press('Enter');
}

describe('two administrators', () => {
  it('see each other’s changes of users, settings and presence as they are made', async () => {
    await show(marieke, stage, 'users/2/settings');
    await show(els, stage, 'users/2/settings');
    await marieke.getByText(/Els Hoekstra is looking at this page too/u).waitFor();
    await els.getByLabel('Incoming calls', { exact: true }).selectOption('disabled');
    await els.getByRole('button', { name: /^Save/u }).click();
    await expect.poll(() => marieke.getByLabel('Incoming calls', { exact: true }).inputValue()).toBe('disabled');
    await marieke.getByText(/Set by Els Hoekstra/u).waitFor();
  });

  it('are shown both values of a setting that both wrote', async () => {
    await show(marieke, stage, 'users');
    await marieke.getByLabel('Select Femke Jansen').check();
    await marieke.getByLabel('Incoming calls', { exact: true }).selectOption('disabled');
    await marieke.getByRole('button', { name: 'Save anyway' }).waitFor();
    await ask(els, 'PUT', '/users/9/settings', { what: 'incoming', mode: 'enabled' });
    await marieke.getByText(/Els Hoekstra set Incoming calls of Femke Jansen to Enabled meanwhile/u).waitFor();
    await marieke.getByRole('button', { name: /^Keep/u }).click();
    const { incoming } = (await ask(els, 'GET', '/users/9')) as { incoming: { mode: string } };
    expect(incoming.mode).toBe('enabled');
  });

  it('learn who was first where both changed a user', async () => {
    await show(marieke, stage, 'users/3/telephony');
    await overtake(
      async () => {
        await marieke.getByRole('button', { name: 'Edit Ring time' }).click();
        await marieke.keyboard.type('30');
      },
      async () => {
        const user = (await ask(els, 'GET', '/users/3')) as { user: { revision: number }; telephony: object };
        const telephony = { ...user.telephony, ringSeconds: 45 };
        await ask(els, 'PATCH', '/users/3', { base: user.user.revision, telephony, reuseExtension: false });
      },
    );
    await marieke.getByText(/Els Hoekstra changed Ring time to 45 seconds a moment ago/u).waitFor();
    await marieke.getByRole('button', { name: /^Use/u }).click();
    await marieke.locator('.value', { hasText: '30 seconds' }).waitFor();
  });

  it('learn who was first where both changed a device', async () => {
    await show(marieke, stage, 'devices/4');
    await overtake(
      async () => {
        await marieke.getByRole('button', { name: 'Edit Name' }).click();
        await marieke.keyboard.type('Kitchen');
      },
      async () => {
        const { summary, media, algorithm } = (await ask(els, 'GET', '/accounts/4')) as {
          summary: { revision: number; number: string; kind: object };
          media: string;
          algorithm: string;
        };
        const { number, kind, revision } = summary;
        const edit = { base: revision, number, kind, name: 'Workshop', owners: [], shared: false, media, algorithm };
        await ask(els, 'PUT', '/accounts/4', edit);
      },
    );
    await marieke.getByText(/Els Hoekstra changed Name to Workshop a moment ago/u).waitFor();
  });

  it('learn who was first where both changed the organisation', async () => {
    await show(marieke, stage, 'organisation');
    await overtake(
      async () => {
        await marieke.getByRole('button', { name: 'Edit Name' }).click();
        await marieke.keyboard.type('Mine');
      },
      async () => {
        const { revision } = (await ask(els, 'GET', '/organisation')) as { revision: number };
        await ask(els, 'PATCH', '/organisation', { base: revision, name: 'Theirs' });
      },
    );
    await marieke.getByText(/Els Hoekstra changed Name to Theirs a moment ago/u).waitFor();
  });

  it('learn who was first where both changed a number or a trunk', async () => {
    type Entry = { id: number; number: string; trunk: number; revision: number };
    const stale = async (method: string, path: string, body: object): Promise<string> =>
      ask(marieke, method, path, body).then(
        () => 'it was written',
        (error: unknown) => String(error),
      );
    const number = ((await ask(els, 'GET', '/numbers')) as Entry[])[0];
    if (!number) throw new Error('the demo has numbers');
    await show(marieke, stage, 'numbers');
    await marieke.getByRole('button', { name: 'Edit 020 012 10 00' }).click();
    const edit = { base: number.revision, number: number.number, trunk: number.trunk, to: { kind: 'user', user: 3 } };
    await ask(els, 'PUT', `/numbers/${number.id}`, edit);
    await marieke.getByRole('dialog').getByRole('combobox').first().selectOption({ index: 1 });
    await marieke.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await marieke.getByText(/Els Hoekstra changed 020 012 10 00 to Tom Hughes/u).waitFor();

    const trunk = ((await ask(els, 'GET', '/trunks')) as { id: number; revision: number; settings: object }[])[0];
    if (!trunk) throw new Error('the demo has a trunk');
    const settings = { ...trunk.settings, mostCalls: 8 };
    await ask(els, 'PUT', `/trunks/${trunk.id}`, { base: trunk.revision, settings });
    expect(await stale('PUT', `/trunks/${trunk.id}`, { base: trunk.revision, settings })).toMatch(
      /409.*"by":"Els Hoekstra"/u,
    );
  });
});
