import { screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { els } from '../fake/people';
import { asked, openPortal } from '../testing/portal';

const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });

describe('what is in the menu', () => {
  it('is everything for an administrator', async () => {
    await openPortal('');
    const menu = within(screen.getByRole('navigation', { name: 'Portal' }));
    for (const name of ['Users', 'Devices', 'Numbers', 'Call records', /^Requests/u, 'Audit', 'Organisation'])
      expect(menu.getByRole('link', { name: typeof name === 'string' ? new RegExp(name, 'u') : name })).toBeDefined();
  });

  it('leaves out for a member what the server would refuse', async () => {
    await openPortal('', (server) => (server.who = 1));
    const menu = within(screen.getByRole('navigation', { name: 'Portal' }));
    expect(menu.queryByRole('link', { name: /Users/u })).toBeNull();
    expect(menu.queryByRole('link', { name: /Audit/u })).toBeNull();
    expect(menu.getByRole('link', { name: /Call records/u })).toBeDefined();
    expect(menu.getByRole('link', { name: /Colleagues/u })).toBeDefined();
  });
});

describe('the page of a user', () => {
  it('saves one value and leaves what another administrator changed beside it', async () => {
    const { server, user } = await openPortal('#/users/1/telephony');
    await user.click(await screen.findByRole('button', { name: 'Edit Ring time' }));
    const linda = server.user(1);
    Object.assign(linda.telephony, { callWaiting: false });
    linda.user.revision += 1;
    await user.clear(screen.getByRole('textbox', { name: 'Ring time' }));
    await user.keyboard('30{Enter}');
    await expect.poll(() => server.user(1).telephony.ringSeconds).toBe(30);
    expect(server.user(1).telephony.callWaiting).toBe(false);
  });

  it('shows both values where two wrote the same, even if the event came first', async () => {
    const { server, user } = await openPortal('#/users/1/telephony');
    await user.click(await screen.findByRole('button', { name: 'Edit Ring time' }));
    server.change(1, (linda) => (linda.telephony.ringSeconds = 45), els);
    await expect.poll(() => asked(server, 'GET', '/users/1').length).toBeGreaterThan(1);
    await user.clear(screen.getByRole('textbox', { name: 'Ring time' }));
    await user.keyboard('30{Enter}');
    expect(await screen.findByText(/Els Hoekstra changed Ring time to 45 seconds a moment ago/u)).toBeDefined();
    expect(server.user(1).telephony.ringSeconds).toBe(45);
    await user.click(button('Keep 45 seconds'));
    expect(server.user(1).telephony.ringSeconds).toBe(45);
  });

  it('says who else looks at it', async () => {
    const { server } = await openPortal('#/users/1');
    await screen.findByRole('heading', { name: 'Linda de Vries' });
    expect(server.said).toContainEqual({ kind: 'look', user: 1 });
    server.tell({ kind: 'looking', user: 1, viewers: [els, { user: 4, name: 'Marieke Smit', role: 'admin' }] });
    expect(await screen.findByText('Els Hoekstra is looking at this page too.')).toBeDefined();
  });

  it('asks before it deletes', async () => {
    const { server, user } = await openPortal('#/users/7');
    await user.click(await screen.findByRole('button', { name: 'Delete' }));
    expect(asked(server, 'DELETE', '/users/7')).toEqual([]);
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete' }));
    expect(await screen.findByText('Daan Visser is deleted')).toBeDefined();
    expect(location.hash).toBe('#/users');
  });

  it('says why somebody can’t be deleted', async () => {
    const { user } = await openPortal('#/users/4');
    await user.click(await screen.findByRole('button', { name: 'Delete' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Delete' }));
    expect(await screen.findByText(/You can’t delete or disable yourself/u)).toBeDefined();
  });

  it('sets a password anew, and says which apps have to log in again', async () => {
    const { server, user } = await openPortal('#/users/1');
    await user.click(await screen.findByRole('button', { name: 'Reset password' }));
    const dialog = within(screen.getByRole('dialog'));
    await user.click(dialog.getByRole('checkbox', { name: /They have to log in again: Laptop of Linda/u }));
    await user.click(dialog.getByRole('button', { name: 'Reset password' }));
    expect(await screen.findByText('https://bel.fiets.example/reset#r7')).toBeDefined();
    expect(asked(server, 'POST', '/users/1/password')[0]?.body).toEqual({ revokeClients: true });
  });
});

describe('devices', () => {
  it('are found by whom they belong to, and tested', async () => {
    const { user } = await openPortal('#/devices');
    await screen.findByText('210');
    await user.type(screen.getByRole('searchbox'), 'daan');
    await expect.poll(() => screen.queryByText('210')).toBeNull();
    await user.click(screen.getByRole('link', { name: '240' }));
    await user.click(await screen.findByRole('button', { name: 'Test' }));
    expect(await screen.findByText('It does not answer')).toBeDefined();
  });

  it('show a new password once, after a question', async () => {
    const { server, user } = await openPortal('#/devices/203');
    await user.click(await screen.findByRole('button', { name: 'New password' }));
    expect(asked(server, 'POST', '/accounts/203/secret')).toEqual([]);
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'New password' }));
    expect(await screen.findByText('demo-only-9f4c-7k2m')).toBeDefined();
    await user.click(screen.getByRole('link', { name: 'Close' }));
    await expect.poll(() => screen.queryByText('demo-only-9f4c-7k2m')).toBeNull();
    await user.click(screen.getByRole('link', { name: '203' }));
    await screen.findByRole('button', { name: 'New password' });
    expect(screen.queryByText('demo-only-9f4c-7k2m')).toBeNull();
  });

  it('are shared with several, and marked', async () => {
    const { server, user } = await openPortal('#/devices/203');
    await user.click(await screen.findByRole('button', { name: 'Share with several…' }));
    await user.click(within(screen.getByRole('dialog')).getByRole('checkbox', { name: /^Anna Bakker/u }));
    await user.click(button('Save'));
    const shared = asked(server, 'PUT', '/accounts/203')[0]?.body as { owners: number[]; shared: boolean } | undefined;
    expect(shared).toMatchObject({ owners: [1, 2], shared: true });
  });

  it('lose a registration', async () => {
    const { server, user } = await openPortal('#/devices/203');
    await user.click(await screen.findByRole('button', { name: /^Remove this registration/u }));
    expect(await screen.findByText('Not registered now.')).toBeDefined();
    expect(asked(server, 'DELETE', '/accounts/203/registrations/203-0')).toHaveLength(1);
  });
});

describe('numbers and trunks', () => {
  it('lead to somebody else', async () => {
    const { server, user } = await openPortal('#/numbers');
    await user.click(await screen.findByRole('button', { name: 'Edit 020 012 11 01' }));
    await user.selectOptions(await screen.findByRole('combobox', { name: 'Which colleague' }), 'Anna Bakker, 602');
    await user.click(button('Save'));
    await expect.poll(() => server.numbers.find((entry) => entry.id === 2)?.to).toEqual({ kind: 'user', user: 2 });
  });

  it('are not overwritten where somebody was quicker', async () => {
    const { server, user } = await openPortal('#/numbers');
    await user.click(await screen.findByRole('button', { name: 'Edit 020 012 11 01' }));
    const before = server.numbers[1];
    Object.assign(before ?? {}, { to: { kind: 'external', number: '06 0012 1234' }, revision: 2 });
    await user.click(button('Save'));
    expect(await screen.findByText(/Els Hoekstra changed 020 012 11 01 to 06 0012 1234/u)).toBeDefined();
    expect(server.numbers.find((entry) => entry.id === 2)?.to).toMatchObject({ kind: 'external' });
  });

  it('are asked whether they are there', async () => {
    const { user } = await openPortal('#/numbers');
    await user.click(await screen.findByRole('button', { name: /^Test.*Voorbeeld Telecom$/u }));
    expect(await screen.findByText(/It answers after 24 ms, and it knows us/u)).toBeDefined();
  });
});

describe('a call', () => {
  it('says for each phone why it rang or not', async () => {
    await openPortal('#/records/c-1');
    expect(await screen.findByRole('heading', { name: 'Piet Zwart to Linda de Vries' })).toBeDefined();
    expect(await screen.findByText('Linda de Vries: Desk phone, 203 did not ring')).toBeDefined();
    expect(screen.getByText(/^Do not disturb, turned on by Linda de Vries .*, until \d\d:\d\d$/u)).toBeDefined();
    expect(
      screen.getByText(/^Receiving calls was turned off for all clients by Marieke Smit .*: “Mobile only”$/u),
    ).toBeDefined();
  });
});

describe('the audit', () => {
  it('tells what was changed from what to what, for whom and from where', async () => {
    const { user } = await openPortal('#/audit');
    const row = (await screen.findByText('Details of a user: Extension')).closest('tr');
    expect(row?.textContent?.replace(/\s+/gu, ' ')).toContain('was 618 → 607');
    await user.selectOptions(screen.getByRole('combobox', { name: 'What' }), 'Role');
    await expect.poll(() => screen.queryByText('Details of a user: Extension')).toBeNull();
    expect(screen.getByRole('table').textContent).toContain('Member');
  });
});

describe('the organisation', () => {
  it('keeps things for as long as is said, or for ever', async () => {
    const { server, user } = await openPortal('#/organisation');
    await user.click(await screen.findByRole('button', { name: 'Edit Call records, in days' }));
    await user.clear(screen.getByRole('textbox', { name: 'Call records, in days' }));
    await user.keyboard('{Enter}');
    await expect.poll(() => server.organisation.settings.retention).toEqual({ reasonsDays: 90 });
  });
});

describe('one’s own account', () => {
  it('changes the language of the whole portal at once', async () => {
    const { user } = await openPortal('#/me');
    await user.click(await screen.findByRole('button', { name: 'Edit Language' }));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Language' }), 'Nederlands');
    await user.click(button('Save, Enter'));
    expect(await screen.findByRole('heading', { name: 'Je account' })).toBeDefined();
  });

  it('keeps rows compact in this browser', async () => {
    const { user } = await openPortal('#/me');
    await user.click(await screen.findByRole('radio', { name: 'Compact' }));
    expect(document.querySelector('.portal')?.getAttribute('data-density')).toBe('compact');
    expect(localStorage.getItem('bellbird.density')).toBe('compact');
  });

  it('shows a new API key once', async () => {
    const { server, user } = await openPortal('#/me');
    await user.type(await screen.findByLabelText('Name of the key'), 'Wallboard{Enter}');
    expect(await screen.findByText('bbk_demo-only')).toBeDefined();
    expect(asked(server, 'POST', '/me/api-keys')[0]?.body).toEqual({ name: 'Wallboard' });
  });

  it('changes the password, and goes on with the new one', async () => {
    const { server, user } = await openPortal('#/me');
    await user.type(await screen.findByLabelText('Password until now'), 'wrong');
    await user.type(screen.getByLabelText('New password'), 'a longer one');
    await user.type(screen.getByLabelText('New password, once more'), 'a longer one{Enter}');
    expect(await screen.findByText(/Something can’t be right: Password until now/u)).toBeDefined();
    await user.clear(screen.getByLabelText('Password until now'));
    await user.type(screen.getByLabelText('Password until now'), 'bellbird{Enter}');
    await expect.poll(() => server.password).toBe('a longer one');
    expect(await screen.findByRole('heading', { name: 'Your account' })).toBeDefined();
  });
});
