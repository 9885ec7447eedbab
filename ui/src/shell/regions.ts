const selector = '.col, .pane, .rail';
const stop = 'button:not([tabindex="-1"]), a[href], input, select, [tabindex="0"]';

/** Moves the focus to the first stop of the next visible part of the window: list, detail, tabs, and round again. */
export function nextRegion(): boolean {
  const regions = [...document.querySelectorAll<HTMLElement>(selector)].filter(isShown);
  const here = regions.findIndex((region) => region.contains(document.activeElement));
  for (let i = 1; i <= regions.length; i += 1) {
    const first = regions[(here + i) % regions.length]?.querySelector<HTMLElement>(stop);
    if (first) {
      first.focus();
      return true;
    }
  }
  return false;
}

function isShown(region: HTMLElement): boolean {
  return getComputedStyle(region).display !== 'none';
}
