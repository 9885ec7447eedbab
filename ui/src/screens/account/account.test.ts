import { screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { button, open, sent, type Opened } from '../../testing/render';
import { splitAddress } from './draft';

const nobody = { accounts: [], defaultAccount: null, history: [] };

const byHand = async (): Promise<Opened> => {
  const opened = await open(nobody);
  await opened.user.click(button('Add a SIP account by hand'));
  return opened;
};

describe('the first account', () => {
  it('can be typed by hand at the first start, before anything else', async () => {
    await byHand();
    expect(screen.getByLabelText('Domain')).toBeDefined();
    expect(screen.getByRole('heading', { name: 'Welcome to Bellbird' })).toBeDefined();
    expect(screen.queryByRole('navigation')).toBeNull();
  });

  it('is tried at its server and then kept as it was typed', async () => {
    const { host, user } = await byHand();
    await user.type(screen.getByLabelText('Domain'), 'fiets.example');
    await user.type(screen.getByLabelText('Name or number'), 'linda');
    await user.type(screen.getByLabelText('Password'), 'secret');
    await user.click(button('Add account'));
    await screen.findByRole('combobox');
    const account = {
      settings: { domain: 'fiets.example', userName: 'linda', transport: 'automatic', srtp: 'optional' },
      secret: 'secret',
    };
    expect(sent(host, 'testAccount')).toEqual([{ type: 'testAccount', account }]);
    expect(sent(host, 'addAccount')).toEqual([{ type: 'addAccount', account }]);
  });

  it('can be pasted as one address', async () => {
    const { user } = await byHand();
    await user.type(screen.getByLabelText('Name or number'), 'sip:linda@fiets.example');
    await user.tab();
    expect(screen.getByLabelText('Domain')).toHaveProperty('value', 'fiets.example');
    expect(screen.getByLabelText('Name or number')).toHaveProperty('value', 'linda');
  });

  it('says in words what is missing, near the field, and moves there', async () => {
    const { host, user } = await byHand();
    await user.type(screen.getByLabelText('Domain'), 'fiets.example');
    await user.click(button('Add account'));
    const field = screen.getByLabelText('Name or number');
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent).toContain(
      'Fill in your name',
    );
    expect(document.activeElement).toBe(field);
    expect(sent(host, 'testAccount')).toEqual([]);
  });

  it('tells a wrong password at the password and offers to add it anyway', async () => {
    const { host, user } = await byHand();
    await user.type(screen.getByLabelText('Domain'), 'fiets.example');
    await user.type(screen.getByLabelText('Name or number'), 'linda');
    await user.type(screen.getByLabelText('Password'), 'wrong');
    await user.click(button('Add account'));
    await screen.findByText(/does not fit linda@fiets\.example/u);
    expect(screen.getByLabelText('Password').getAttribute('aria-invalid')).toBe('true');
    await user.click(button('Add it anyway'));
    expect(sent(host, 'addAccount')).toHaveLength(1);
  });

  it('tells a server that is not there at the domain, or at the server where one was typed', async () => {
    const { user } = await byHand();
    await user.type(screen.getByLabelText('Domain'), 'nowhere.example');
    await user.type(screen.getByLabelText('Name or number'), 'linda');
    await user.type(screen.getByLabelText('Password'), 'secret');
    await user.click(button('Add account'));
    await screen.findByText(/no server at nowhere\.example/u);
    expect(screen.getByLabelText('Domain').getAttribute('aria-invalid')).toBe('true');
    await user.click(button('More settings'));
    await user.type(screen.getByLabelText('Server address'), 'sip.nowhere.example');
    expect(screen.getByLabelText('Server address').getAttribute('aria-invalid')).toBe('true');
  });
});

describe('an account that is changed', () => {
  it('keeps its password where none is typed, and is not tried without one', async () => {
    const { host, user } = await open();
    await user.click(screen.getByRole('link', { name: 'Settings' }));
    await user.click(button(/^Accounts/u));
    await user.click(button('Change: 601@fiets.example'));
    await user.clear(screen.getByLabelText('Name or number'));
    await user.type(screen.getByLabelText('Name or number'), '612');
    await user.click(button('Save'));
    expect(sent(host, 'testAccount')).toEqual([]);
    expect(sent(host, 'editAccount')).toMatchObject([{ id: 1, account: { settings: { userName: '612' } } }]);
    expect(host.commands.some((command) => JSON.stringify(command).includes('secret'))).toBe(false);
  });

  it('is removed only after a question, and nothing is removed by closing it', async () => {
    const { host, user } = await open();
    await user.click(screen.getByRole('link', { name: 'Settings' }));
    await user.click(button(/^Accounts/u));
    await user.click(button('Remove account: 601@fiets.example'));
    await user.click(button('Cancel'));
    expect(sent(host, 'removeAccount')).toEqual([]);
    await user.click(button('Remove account: 601@fiets.example'));
    await user.click(button('Remove account'));
    expect(sent(host, 'removeAccount')).toEqual([{ type: 'removeAccount', id: 1 }]);
  });
});

describe('an address', () => {
  it('is taken apart with and without its scheme, and a plain name is left alone', () => {
    expect(splitAddress('linda@fiets.example')).toEqual({ userName: 'linda', domain: 'fiets.example' });
    expect(splitAddress(' sips:601@[2001:db8::1]:5061;transport=tcp ')).toEqual({
      userName: '601',
      domain: '[2001:db8::1]:5061',
    });
    expect(splitAddress('linda')).toBeUndefined();
  });
});
