import type { Component } from 'svelte';
import type { Me, Role } from '../contract';
import type { IconName } from '../icons/lucide';
import { m } from '../paraglide/messages';
import Requests from './screens/Requests.svelte';
import Users from './screens/Users.svelte';
import type { PageName } from './state/route.svelte';

/** A page of the portal and who may open it. */
export interface PortalPage {
  name: Exclude<PageName, 'link'>;
  title: () => string;
  icon: IconName;
  roles: readonly Role[];
  screen: Component<{ me: Me }>;
}

const managers: readonly Role[] = ['admin', 'accountManagement'];

const pages: readonly PortalPage[] = [
  { name: 'users', title: m.portal_users, icon: 'users', roles: managers, screen: Users },
  { name: 'requests', title: m.portal_requests, icon: 'inbox', roles: managers, screen: Requests },
];

/** What somebody with `role` finds in the portal. The server decides; this only leaves out what it would refuse. */
export function pagesFor(role: Role): PortalPage[] {
  return pages.filter((page) => page.roles.includes(role));
}
