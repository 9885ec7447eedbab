/** Whether nothing on the screen has the focus: what had it went away or is hidden. */
export function focusIsLost(): boolean {
  const element = document.activeElement;
  return (
    !element || element === document.body || (element instanceof HTMLElement && element.getClientRects().length === 0)
  );
}

/** Brings the reader and the keyboard to the head of what was opened. */
export function focusHeading(within: Element | undefined): void {
  const heading = within?.querySelector<HTMLElement>('h1');
  if (!heading) return;
  heading.tabIndex = -1;
  heading.focus();
}

/** Gives the focus to `element` if it is still there to take it. */
export function focusAgain(element: Element | null): void {
  if (element instanceof HTMLElement && element.isConnected) element.focus();
}
