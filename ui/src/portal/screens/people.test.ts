import { screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { els } from '../fake/people';
import { openPortal } from '../testing/portal';

const button = (name: string | RegExp): HTMLElement => screen.getByRole('button', { name });

describe('one’s own account', () => {
  const member = (server: { who: number | undefined }): void => void (server.who = 2);

  it('is edited by a member, work details and availability too', async () => {
    const { server, user } = await openPortal('#/me', member);
    await user.click(await screen.findByRole('button', { name: 'Edit Job' }));
    await user.keyboard('Mechanic{Enter}');
    await expect.poll(() => server.user(2).personal.job).toBe('Mechanic');
    expect(screen.queryByText('Description, for administrators only')).toBeNull();
    await user.click(screen.getByRole('link', { name: 'Telephony' }));
    await user.click(await screen.findByRole('button', { name: 'Edit Reachable at' }));
    const dialog = within(screen.getByRole('dialog'));
    await user.selectOptions(dialog.getByLabelText('Where to'), 'external');
    await user.type(dialog.getByLabelText('Number'), '06 0012 4477{Enter}');
    await expect
      .poll(() => server.user(2).availability.availability)
      .toEqual({ kind: 'available', at: { kind: 'external', number: '06 0012 4477' } });
  });

  it('shows a lock with who set it, and a way to ask', async () => {
    const { server, user } = await openPortal('#/me/calls', (fake) => {
      member(fake);
      fake.user(2).permissions = { configureIncoming: false, configureOutgoing: true };
      fake.user(2).incoming = {
        revision: 2,
        mode: 'disabled',
        stamp: { author: els, since: Date.now(), note: 'Desk' },
      };
    });
    expect(await screen.findByText(/^Set by Els Hoekstra/u)).toBeDefined();
    expect(screen.getByRole('switch', { name: 'Receive incoming calls' }).getAttribute('aria-disabled')).toBe('true');
    await user.click(button(/^Ask for a change/u));
    await user.type(screen.getByLabelText('What should change, and why?'), 'From home{Enter}');
    await expect.poll(() => server.requests[0]?.asked).toEqual({ direction: 'incoming', text: 'From home' });
    await user.click(screen.getByRole('switch', { name: 'Make calls' }));
    await expect.poll(() => server.user(2).outgoing.mode).toBe('disabled');
  });
});

describe('caller ID', () => {
  it('is saved as soon as it is chosen, and the account default takes it back', async () => {
    const { server, user } = await openPortal('#/users/2/telephony');
    const list = await screen.findByRole('combobox', { name: 'Outbound caller ID' });
    await screen.findByRole('option', { name: '020 012 11 01' });
    await user.selectOptions(list, '020 012 11 01');
    await expect.poll(() => server.user(2).telephony.callerId).toEqual({ kind: 'number', number: 2 });
    await user.selectOptions(list, 'Account default');
    await expect.poll(() => server.user(2).telephony.callerId).toEqual({ kind: 'accountDefault' });
  });

  it('is one number for each country', async () => {
    const { server, user } = await openPortal('#/users/2/telephony');
    const list = await screen.findByRole('combobox', { name: 'Outbound caller ID' });
    await screen.findByRole('option', { name: '020 012 11 01' });
    await user.selectOptions(list, 'One per country…');
    const dialog = within(screen.getByRole('dialog'));
    await user.click(dialog.getByRole('button', { name: 'Add a country' }));
    await user.selectOptions(dialog.getByLabelText('Calls to'), 'Belgium');
    await user.selectOptions(dialog.getByLabelText('Show'), '020 012 11 01');
    await user.click(dialog.getByRole('button', { name: 'Save' }));
    await expect
      .poll(() => server.user(2).telephony.callerId)
      .toEqual({ kind: 'perCountry', numbers: [{ country: 'BE', number: 2 }] });
  });
});

describe('the address book', () => {
  it('is where a person is found while a user is typed, and becomes that user', async () => {
    const { server, user } = await openPortal('#/users');
    await user.click(await screen.findByRole('button', { name: 'New user' }));
    const dialog = within(screen.getByRole('dialog'));
    await user.type(dialog.getByLabelText('First name'), 'rub');
    await user.click(await dialog.findByRole('button', { name: 'Use Ruben Mulder' }));
    expect((dialog.getByLabelText('Employer') as HTMLInputElement).value).toBe('Wheel Works');
    await user.type(dialog.getByLabelText('Extension'), '650');
    await user.click(dialog.getByRole('button', { name: 'Create user' }));
    await expect.poll(() => server.contacts).toEqual([]);
    const made = server.users.find((one) => one.user.extension === '650');
    expect(made?.personal.numbers).toEqual([{ label: 'mobile', number: '06 0012 9911' }]);
  });

  it('takes in people, and makes users of them', async () => {
    const { server, user } = await openPortal('#/contacts');
    await user.click(await screen.findByRole('button', { name: 'New person' }));
    await user.type(within(screen.getByRole('dialog')).getByLabelText('First name'), 'Piet');
    await user.click(button('Save'));
    expect(await screen.findByText('Piet')).toBeDefined();
    expect(server.contacts).toHaveLength(2);
    await user.click(button(/^Make a user.*Ruben Mulder/u));
    expect(within(screen.getByRole('dialog')).getByText(/Ruben Mulder of the address book/u)).toBeDefined();
  });
});
