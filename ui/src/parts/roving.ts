import type { Attachment } from 'svelte/attachments';

/**
 * Makes a list one tab stop with arrows inside: up and down between rows, left and right within a row, Home and End.
 * Rows are the list items; stops are the buttons in them.
 */
export const roving: Attachment<HTMLElement> = (list) => {
  let current: HTMLElement | undefined;

  function settle(): void {
    const all = stops(list);
    if (!current || !all.includes(current)) current = all[0];
    for (const stop of all) stop.tabIndex = stop === current ? 0 : -1;
  }
  function onFocus(event: FocusEvent): void {
    current = stops(list).find((stop) => stop === event.target) ?? current;
    settle();
  }
  function onKey(event: KeyboardEvent): void {
    const next = current && target(list, current, event.key);
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  settle();
  const watcher = new MutationObserver(settle);
  watcher.observe(list, { childList: true, subtree: true });
  list.addEventListener('focusin', onFocus);
  list.addEventListener('keydown', onKey);
  return () => {
    watcher.disconnect();
    list.removeEventListener('focusin', onFocus);
    list.removeEventListener('keydown', onKey);
  };
};

function stops(within: Element): HTMLElement[] {
  return [...within.querySelectorAll<HTMLElement>(within.matches('li') ? 'button' : 'li button')];
}

function target(list: HTMLElement, from: HTMLElement, key: string): HTMLElement | undefined {
  const rows = [...list.querySelectorAll('li')].filter((row) => stops(row).length > 0);
  const row = rows.findIndex((candidate) => candidate.contains(from));
  const inRow = stops(rows[row] ?? list);
  const column = inRow.indexOf(from);
  const at = (index: number): HTMLElement | undefined => {
    const there = rows[index];
    return there && (stops(there)[column] ?? stops(there)[0]);
  };
  switch (key) {
    case 'ArrowDown':
      return at(row + 1);
    case 'ArrowUp':
      return at(row - 1);
    case 'Home':
      return at(0);
    case 'End':
      return at(rows.length - 1);
    case 'ArrowRight':
      return inRow[column + 1];
    case 'ArrowLeft':
      return inRow[column - 1];
    default:
      return undefined;
  }
}
