import type { Attachment } from 'svelte/attachments';

const columns = 3;

/** Makes round buttons in rows of three one tab stop with arrows inside. */
export const toolbar: Attachment<HTMLElement> = (bar) => {
  let current = 0;
  const buttons = (): HTMLElement[] => [...bar.querySelectorAll<HTMLElement>('button')];

  function settle(): void {
    buttons().forEach((button, i) => (button.tabIndex = i === current ? 0 : -1));
  }
  function onFocus(event: FocusEvent): void {
    const at = buttons().findIndex((button) => button === event.target);
    if (at >= 0) current = at;
    settle();
  }
  function onKey(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const at = buttons().findIndex((button) => button === event.target);
    const next = step === undefined || at < 0 ? undefined : buttons()[at + step];
    if (!next) return;
    // The menu at the end of the bar would open on the arrow.
    event.preventDefault();
    event.stopPropagation();
    next.focus();
  }

  settle();
  bar.addEventListener('focusin', onFocus);
  bar.addEventListener('keydown', onKey, { capture: true });
  return () => {
    bar.removeEventListener('focusin', onFocus);
    bar.removeEventListener('keydown', onKey, { capture: true });
  };
};
