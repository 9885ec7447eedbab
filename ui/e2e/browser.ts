import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { inject } from 'vitest';

/** The languages, themes and sizes that everything has to be right in. */
export const languages = ['en', 'nl'] as const;
export const themes = ['light', 'dark'] as const;
export const sizes = {
  compact: { width: 360, height: 640 },
  smallest: { width: 280, height: 420 },
  wide: { width: 1040, height: 700 },
} as const;
export type Size = keyof typeof sizes;

const executablePath = process.env['BELLBIRD_CHROMIUM'] ?? '/usr/bin/chromium';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
// A Sunday at noon, so that pictures of two days are the same.
export const noon = new Date('2026-11-22T12:05:00+01:00');

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--no-first-run'] });
}

export async function context(
  browser: Browser,
  viewport: { width: number; height: number },
  locale = 'en',
): Promise<BrowserContext> {
  const made = await browser.newContext({
    viewport,
    locale,
    reducedMotion: 'reduce',
    timezoneId: 'Europe/Amsterdam',
    permissions: ['clipboard-read', 'clipboard-write'],
    deviceScaleFactor: 1.5,
  });
  await made.addInitScript(axe);
  return made;
}

export interface Start {
  scene: string;
  lang?: string;
  theme?: string;
}

/** Opens the page in a scene at a fixed time; time runs on only when a test says so. */
export async function open(page: Page, { scene, lang = 'en', theme = 'light' }: Start, frozen = true): Promise<void> {
  if (frozen) await page.clock.setFixedTime(noon);
  await page.goto(`${inject('site')}?still&scene=${scene}&lang=${lang}&theme=${theme}`);
  await page.locator('.window').waitFor();
}

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** What axe finds wrong with the page as it stands, a line for each element. */
export async function violations(page: Page): Promise<string[]> {
  const found = await page.evaluate(async () => {
    const { axe: runner } = window as unknown as {
      axe: { run: (root: Document, options: object) => Promise<{ violations: Violation[] }> };
    };
    return (await runner.run(document, { resultTypes: ['violations'] })).violations;
  });
  return found.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n  ${node.html.slice(0, 200)}\n  ${node.failureSummary}`),
  );
}

/** Elements that reach over the window's edge. */
export function tooWide(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [...document.querySelectorAll('.window *, .portal *, dialog *')]
      .filter((element) => !element.closest('.vh, .sprite, .skip, svg'))
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && (box.right > innerWidth + 1 || box.left < -1);
      })
      .map((element) => element.outerHTML.slice(0, 160)),
  );
}
