import type { Component } from 'svelte';
import type { Me, Role } from '../contract';
import type { IconName } from '../icons/lucide';
import { m } from '../paraglide/messages';
import Audit from './screens/Audit.svelte';
import Colleagues from './screens/Colleagues.svelte';
import Contacts from './screens/Contacts.svelte';
import Devices from './screens/Devices.svelte';
import MyAccount from './screens/MyAccount.svelte';
import Numbers from './screens/Numbers.svelte';
import Organisation from './screens/Organisation.svelte';
import Records from './screens/Records.svelte';
import Requests from './screens/Requests.svelte';
import Users from './screens/Users.svelte';
import type { PageName } from './state/route.svelte';

/** A page of the portal and who may open it. */
export interface PortalPage {
  name: Exclude<PageName, 'link' | 'set-up'>;
  title: () => string;
  icon: IconName;
  roles: readonly Role[];
  screen: Component<{ me: Me }> | Component<Record<string, never>>;
}

const managers: readonly Role[] = ['admin', 'accountManagement'];
// Managers see everybody's state among the users.
const others: readonly Role[] = ['receptionist', 'callDetails', 'member', 'unknown'];
const everybody: readonly Role[] = ['admin', 'accountManagement', 'receptionist', 'callDetails', 'member', 'unknown'];

const pages: readonly PortalPage[] = [
  { name: 'users', title: m.portal_users, icon: 'users', roles: managers, screen: Users },
  { name: 'contacts', title: m.portal_contacts, icon: 'book-user', roles: managers, screen: Contacts },
  { name: 'devices', title: m.portal_devices, icon: 'phone', roles: managers, screen: Devices },
  { name: 'numbers', title: m.portal_numbers, icon: 'hash', roles: managers, screen: Numbers },
  { name: 'colleagues', title: m.portal_colleagues, icon: 'users', roles: others, screen: Colleagues },
  { name: 'records', title: m.portal_records, icon: 'phone-call', roles: everybody, screen: Records },
  { name: 'requests', title: m.portal_requests, icon: 'inbox', roles: managers, screen: Requests },
  { name: 'audit', title: m.portal_audit, icon: 'history', roles: managers, screen: Audit },
  { name: 'organisation', title: m.portal_organisation, icon: 'building-2', roles: ['admin'], screen: Organisation },
  { name: 'me', title: m.portal_me, icon: 'user', roles: everybody, screen: MyAccount },
];

/** What somebody with `role` finds in the portal. The server decides; this only leaves out what it would refuse. */
export function pagesFor(role: Role): PortalPage[] {
  return pages.filter((page) => page.roles.includes(role));
}
