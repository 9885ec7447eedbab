import { browserWire, type Wire } from './wire';

/**
 * The way to the server that this page came from, or to a scripted one while the page is developed and tested without
 * a server (`?scene=…`). A product build has no scripted server inside.
 */
export async function openWire(): Promise<Wire> {
  if (import.meta.env.DEV || import.meta.env.MODE === 'fake') {
    if (new URLSearchParams(location.search).has('scene')) return (await import('./fake/scenes')).wireFromAddress();
  }
  return browserWire;
}
