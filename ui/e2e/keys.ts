import type { Page } from 'playwright-core';

/** The name of what has the focus, as a reader says it; nothing where nothing has it. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return '';
    const labelled = document.getElementById(element.getAttribute('aria-labelledby') ?? '')?.textContent;
    const label =
      element instanceof HTMLInputElement || element instanceof HTMLSelectElement
        ? element.labels?.[0]?.textContent
        : undefined;
    const said = element.cloneNode(true) as HTMLElement;
    for (const silent of said.querySelectorAll('[aria-hidden=true], .vh')) silent.remove();
    return (element.getAttribute('aria-label') ?? labelled ?? label ?? said.textContent).replace(/\s+/gu, ' ').trim();
  });
}

/** Whether it is seen where the focus is; headings, which only a script focuses, aside. */
export function hasRing(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    const element = document.activeElement;
    const drawn = element?.closest('.inp, .seg label') ?? element;
    if (!drawn || drawn === document.body || /^H\d$/u.test(drawn.tagName)) return true;
    return getComputedStyle(drawn).outlineStyle !== 'none';
  });
}

/** Presses Tab, or Shift and Tab, until what has the focus is called so. Every stop has to be seen. */
export async function tabTo(page: Page, name: string | RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  const fits = (text: string): boolean => (typeof name === 'string' ? text === name : name.test(text));
  const passed: string[] = [];
  for (let i = 0; i < 140; i += 1) {
    const now = await focused(page);
    if (fits(now)) return;
    if (!(await hasRing(page))) throw new Error(`nothing shows that ${now} has the focus`);
    passed.push(now);
    await page.keyboard.press(key);
  }
  throw new Error(`no tab stop is called ${String(name)}; there were ${passed.slice(-60).join(' | ')}`);
}
