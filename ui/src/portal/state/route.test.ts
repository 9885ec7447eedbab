import { afterEach, describe, expect, it } from 'vitest';
import { Route, to } from './route.svelte';

afterEach(() => history.replaceState(null, '', '/'));

function at(address: string): Route {
  history.replaceState(null, '', address);
  const route = new Route();
  route.follow()();
  return route;
}

describe('addresses', () => {
  it('name page, thing and tab behind the #', () => {
    const route = at(`/${to('users', 3, 'telephony')}`);
    expect([route.page, route.id, route.tab]).toEqual(['users', '3', 'telephony']);
  });

  it('carry any id', () => {
    expect(at(`/${to('records', 'a/b c%')}`).id).toBe('a/b c%');
  });

  it.each([
    ['/invitation#bbl_x', 'link'],
    ['/reset#bbl_x', 'link'],
    ['/provisioning#bbl_x', 'link'],
    ['/set-up#bbl_x', 'set-up'],
  ])('of the server’s links lead to their page: %s', (address, page) => {
    const route = at(address);
    expect([route.page, route.id]).toEqual([page, 'bbl_x']);
    expect(location.pathname).toBe('/');
  });

  it('that can’t be read are taken as they are', () => {
    expect(at('/#/records/%E0%A4%A').id).toBe('%E0%A4%A');
  });
});
