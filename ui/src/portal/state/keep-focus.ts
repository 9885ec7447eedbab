/**
 * Keeps the keyboard's place: where what has the focus goes away (a card that was answered, a row that was deleted), the
 * heading of the panel or page around it gets it. Runs until the returned function is called.
 */
export function keepFocus(root: HTMLElement): () => void {
  let last: Element | null = null;
  const remember = (event: FocusEvent): void => void (last = event.target instanceof Element ? event.target : null);
  const look = new MutationObserver(() => {
    if (last === null || last.isConnected) return;
    last = null;
    if (document.activeElement !== null && document.activeElement !== document.body) return;
    const place = root.querySelector('.insp') ?? root;
    const heading = place.querySelector<HTMLElement>('h1, h2');
    if (!heading) return;
    heading.tabIndex = -1;
    heading.focus();
  });
  root.addEventListener('focusin', remember);
  look.observe(root, { childList: true, subtree: true });
  return () => {
    look.disconnect();
    root.removeEventListener('focusin', remember);
  };
}
