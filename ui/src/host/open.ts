import type { Host } from './host';

declare global {
  interface Window {
    /** Set by the desktop shell before the page's scripts run. */
    __TAURI_INTERNALS__?: unknown;
  }
}

/**
 * Finds the phone behind this page: the shell's, or a scripted one while the page is developed and tested in a browser.
 * A product build has no scripted phone inside.
 */
export async function openHost(): Promise<Host | undefined> {
  if (window.__TAURI_INTERNALS__) return (await import('./tauri')).tauriHost();
  if (import.meta.env.DEV || import.meta.env.MODE === 'fake') return (await import('./fake/scenes')).hostFromAddress();
  return undefined;
}
