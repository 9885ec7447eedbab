import { createContext } from 'svelte';

/** A page of the portal. */
export type PageName =
  | 'users'
  | 'contacts'
  | 'colleagues'
  | 'devices'
  | 'numbers'
  | 'records'
  | 'requests'
  | 'audit'
  | 'organisation'
  | 'me'
  | 'link'
  | 'set-up';

/** Where in the portal the user is: `#/users/3/telephony`. The part after # is never sent to a server. */
export class Route {
  #parts = $state.raw<string[]>([]);

  /** The page; nothing where the address names none. */
  get page(): string | undefined {
    return this.#parts[0];
  }
  /** Which user, device or call. */
  get id(): string | undefined {
    return this.#parts[1];
  }
  /** Which tab. */
  get tab(): string | undefined {
    return this.#parts[2];
  }

  /** Follows the address until the returned function is called. */
  follow(): () => void {
    const read = (): void => {
      this.#parts = location.hash.replace(/^#\/?/u, '').split('/').filter(Boolean).map(decoded);
    };
    arrive();
    read();
    addEventListener('hashchange', read);
    return () => removeEventListener('hashchange', read);
  }
}

/** The address of a page. */
export function to(page: PageName, id?: string | number, tab?: string): string {
  return `#/${[page, id, tab]
    .filter((part) => part !== undefined)
    .map((part) => encodeURIComponent(part))
    .join('/')}`;
}

/** Goes there. */
export function goTo(page: PageName, id?: string | number, tab?: string): void {
  location.hash = to(page, id, tab);
}

// Links of the server name what they are for and keep the token behind the #: `/invitation#TOKEN`.
const links: Record<string, PageName> = { invitation: 'link', reset: 'link', provisioning: 'link', 'set-up': 'set-up' };

/** Turns a link of the server into the address of its page. */
function arrive(): void {
  const [, root, name] = /^(.*\/)([^/]*)$/u.exec(location.pathname) ?? [];
  const page = name === undefined ? undefined : links[name];
  // What an app needs besides the token, such as the server's authority, is none of a browser's business.
  const [token] = location.hash.slice(1).split('&');
  if (root && page && token) history.replaceState(null, '', root + to(page, token));
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const [useRoute, provideRoute] = createContext<Route>();
