import { screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../host/fake/log-in';
import { serverView } from '../../host/fake/server-sample';
import { button, open, sent, type Opened } from '../../testing/render';
import { troubleField } from './server-login';

const nobody = { accounts: [], defaultAccount: null, history: [] };
const field = (name: string): HTMLInputElement => screen.getByLabelText(name);

async function logIn(server: string, secret: string): Promise<Opened> {
  const opened = await open(nobody);
  await opened.user.type(field('Server'), server);
  await opened.user.type(field('Work e-mail'), 'linda@fiets.example');
  await opened.user.type(field('Password'), `${secret}{Enter}`);
  return opened;
}
const first = { ...serverView(Date.now()).me, passwordChangeNeeded: true };

describe('logging in to a server', () => {
  it('is the first thing offered, before invitation and SIP account', async () => {
    await open(nobody);
    expect(screen.getByRole('heading', { name: 'Welcome to Bellbird' })).toBeDefined();
    expect(field('Server')).toBeDefined();
    expect(button('Use an invitation link or QR code')).toBeDefined();
    expect(button('Add a SIP account by hand')).toBeDefined();
  });

  it('says which organisation it found as soon as the address stands there', async () => {
    const { host, user } = await open(nobody);
    await user.type(field('Server'), 'bel.fiets.example');
    await user.tab();
    expect(sent(host, 'findServer')).toEqual([{ type: 'findServer', server: 'bel.fiets.example' }]);
    await screen.findByText('Found Voorbeeld Fietsen.');
  });

  it('leads into the phone with the name and the state of the user', async () => {
    const { host } = await logIn('bel.fiets.example', 'secret');
    expect(sent(host, 'logInToServer')).toEqual([
      { type: 'logInToServer', server: 'bel.fiets.example', login: 'linda@fiets.example', secret: 'secret' },
    ]);
    await screen.findByRole('button', { name: /Linda de Vries.*601.*Available/u });
  });

  it('tells a slip in the address there, with the address that was meant, one press away', async () => {
    const { host, user } = await open(nobody);
    await user.type(field('Server'), 'bell.fiets.example');
    await user.tab();
    await screen.findByText(/Nobody answers at this address/u);
    expect(field('Server').getAttribute('aria-invalid')).toBe('true');
    expect(screen.queryByLabelText('Password')).toBeNull();
    await user.click(button('bel.fiets.example'));
    expect(sent(host, 'findServer').at(-1)).toEqual({ type: 'findServer', server: 'bel.fiets.example' });
    await screen.findByText('Found Voorbeeld Fietsen.');
  });

  it('tells a wrong password at the password, with how many tries are left, and moves there', async () => {
    await logIn('bel.fiets.example', 'wrong');
    await screen.findByText('That password does not fit linda@fiets.example. 3 tries left.');
    expect(field('Password').getAttribute('aria-invalid')).toBe('true');
    expect(document.activeElement).toBe(field('Password'));
  });

  it('says what to do where this app is too old', async () => {
    await logIn('old.fiets.example', 'secret');
    await screen.findByText(/needs a newer Bellbird than this one/u);
    expect(field('Password')).toBeDefined();
  });

  it('says what is missing before anybody is asked', async () => {
    const { host, user } = await open(nobody);
    await user.click(button('Log in'));
    expect(document.activeElement).toBe(field('Server'));
    expect(screen.getByText(/Fill in the address of your server/u)).toBeDefined();
    expect(sent(host, 'logInToServer')).toEqual([]);
  });

  it('is possible with the link of an invitation', async () => {
    const { host, user } = await open(nobody);
    await user.click(button('Use an invitation link or QR code'));
    await user.type(field('Link from your invitation'), 'not a link{Enter}');
    await screen.findByText(/This link is not complete/u);
    await user.clear(field('Link from your invitation'));
    await user.type(field('Link from your invitation'), 'https://bel.fiets.example/i/abc{Enter}');
    await screen.findByRole('combobox');
    expect(sent(host, 'logInWithLink')).toHaveLength(2);
  });

  it('keeps no password in what is said elsewhere', async () => {
    const { host } = await logIn('bel.fiets.example', 'wrong');
    await screen.findByText(/3 tries left/u);
    expect(JSON.stringify(host.view)).not.toContain('"wrong"');
  });
});

describe('a password that has to be changed', () => {
  it('stands before everything but an emergency call', async () => {
    const { host, user } = await open({ server: serverView(Date.now(), { me: first }) });
    expect(screen.getByRole('heading', { name: 'Choose a new password' })).toBeDefined();
    expect(screen.queryByRole('combobox')).toBeNull();
    await user.click(button('Call 112, emergency number'));
    expect(sent(host, 'dial')).toEqual([{ type: 'dial', target: '112' }]);
  });

  it('that is too short is told at the field, and one that is taken opens the phone', async () => {
    const { user } = await open({ server: serverView(Date.now(), { me: first }) });
    await user.type(field('Password until now'), 'first');
    await user.type(field('New password'), 'short{Enter}');
    expect(await screen.findByText(/It needs at least 8 characters/u)).toBeDefined();
    expect(field('New password').getAttribute('aria-invalid')).toBe('true');
    await user.type(field('New password'), ' and longer{Enter}');
    await screen.findByRole('combobox');
  });
});

describe('the account with the server', () => {
  const openPage = async (): Promise<Opened> => {
    const opened = await open({ server: serverView(Date.now()) });
    await opened.user.click(screen.getByRole('link', { name: 'Settings' }));
    await opened.user.click(button(/^Your account/u));
    return opened;
  };

  it('says who the user is and where', async () => {
    await openPage();
    for (const text of ['Linda de Vries', 'Voorbeeld Fietsen', 'bel.fiets.example', '601', 'Connected'])
      expect(screen.getByText(text)).toBeDefined();
  });

  it('gets a new password, and says when the server has it', async () => {
    const { host, user } = await openPage();
    await user.click(button('Change password'));
    await user.type(field('Password until now'), 'secret');
    await user.type(field('New password'), 'horse battery{Enter}');
    expect(sent(host, 'changePassword')).toEqual([{ type: 'changePassword', old: 'secret', new: 'horse battery' }]);
    expect(await screen.findByText('Your password was changed.')).toBeDefined();
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('is left only after a question', async () => {
    const { host, user } = await openPage();
    await user.click(button('Log out'));
    await user.click(button('Cancel'));
    expect(sent(host, 'logOutOfServer')).toEqual([]);
    await user.click(button('Log out'));
    await user.click(screen.getAllByRole('button', { name: 'Log out' }).at(-1) as HTMLElement);
    expect(sent(host, 'logOutOfServer')).toHaveLength(1);
  });

  it('that was logged out by somebody says by whom, and leads to logging in', async () => {
    const connection = { state: 'loggedOut' as const, trouble: refusal('clientRevoked', { by: 'Marieke Smit' }) };
    const { user } = await open({ server: serverView(Date.now(), { connection }) });
    expect(screen.getByText(/^Marieke Smit logged out this app/u)).toBeDefined();
    await user.click(button('Log in again'));
    expect(field('Server').value).toBe('bel.fiets.example');
    expect(field('Work e-mail').value).toBe('linda@fiets.example');
  });
});

describe('trouble with logging in', () => {
  it('is told near the field that can mend it', () => {
    const here = (code: 'notAServer' | 'clientTooOld') =>
      troubleField({ where: 'here', problem: { code, params: {}, details: null } });
    expect(here('notAServer')).toBe('server');
    expect(here('clientTooOld')).toBeUndefined();
    expect(troubleField(refusal('wrongCredentials'))).toBe('secret');
    expect(troubleField(refusal('userDisabled'))).toBeUndefined();
  });
});
