import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { context, launch } from '../e2e/browser';
import { Stage, wide } from './stage';

let stage: Stage;
let browser: Browser;
beforeAll(async () => {
  [stage, browser] = await Promise.all([Stage.open('--log', 'info'), launch()]);
});
afterAll(async () => {
  await browser.close();
  await stage.close();
});

describe('a new server', () => {
  it('is set up with the link that it printed, by keyboard alone, and logs its administrator in', async () => {
    const page = await (await context(browser, wide)).newPage();
    await page.goto(await stage.printed(/http\S*set-up\S*/u));
    const typed: [string, string][] = [
      ['Organisation', 'Fietsen'],
      ['SIP domain', 'fietsen.example'],
      ['First name', 'Karin'],
      ['Last name', 'Blom'],
      ['E-mail', 'karin@fietsen.example'],
      ['Extension', '600'],
      ['Password', 'a longer one'],
    ];
    await page.getByLabel('Organisation').focus();
    for (const [label, text] of typed) {
      const field = page.getByLabel(label, { exact: true });
      for (let i = 0; i < 5 && !(await field.evaluate((one) => one === document.activeElement)); i += 1)
        await page.keyboard.press('Tab');
      await page.keyboard.type(text);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Users' }).waitFor();
    await page.getByRole('link', { name: 'Karin Blom', exact: true }).waitFor();
    await page.context().close();
  });
});
