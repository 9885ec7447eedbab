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

describe('a first password', () => {
  it('is replaced where the log-in is: the old one is not asked for again, the new one twice', async () => {
    const { host, user } = await logIn('bel.fiets.example', 'first');
    await screen.findByRole('heading', { name: 'Choose a new password' });
    expect(screen.queryByLabelText('Password until now')).toBeNull();
    expect(document.activeElement).toBe(field('New password'));
    expect(screen.getByText(/At least 10 characters/u)).toBeDefined();
    await user.type(field('New password'), 'tall green bicycle');
    await user.type(field('New password, once more'), 'tall green tricycle{Enter}');
    expect(screen.getByText(/The two are not the same/u)).toBeDefined();
    expect(document.activeElement).toBe(field('New password, once more'));
    await user.clear(field('New password, once more'));
    await user.type(field('New password, once more'), 'tall green bicycle{Enter}');
    expect(sent(host, 'chooseFirstPassword')).toEqual([{ type: 'chooseFirstPassword', new: 'tall green bicycle' }]);
    await screen.findByRole('combobox');
  });

  it('that is too short is told at the field', async () => {
    const { user } = await logIn('bel.fiets.example', 'first');
    await user.type(await screen.findByLabelText('New password'), 'short');
    await user.type(field('New password, once more'), 'short{Enter}');
    await screen.findByText(/It needs at least 10 characters/u);
    expect(document.activeElement).toBe(field('New password'));
  });

  it('is chosen from the link of an invitation too, and given up again', async () => {
    const { host, user } = await open(nobody);
    await user.click(button('Use an invitation link or QR code'));
    await user.type(field('Link from your invitation'), 'https://bel.fiets.example/invitation#abc{Enter}');
    await screen.findByRole('heading', { name: 'Choose a new password' });
    await user.click(button('Cancel'));
    expect(sent(host, 'cancelServerLogIn').length).toBeGreaterThan(0);
    expect(field('Link from your invitation')).toBeDefined();
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
    await user.type(field('New password'), 'short');
    await user.type(field('New password, once more'), 'short{Enter}');
    expect(await screen.findByText(/It needs at least 8 characters/u)).toBeDefined();
    expect(field('New password').getAttribute('aria-invalid')).toBe('true');
    await user.type(field('New password'), ' and longer');
    await user.type(field('New password, once more'), ' and longer{Enter}');
    await screen.findByRole('combobox');
  });

  it('tells at the old one that it is another', async () => {
    const { user } = await open({ server: serverView(Date.now(), { me: first }) });
    await user.type(field('Password until now'), 'wrong');
    await user.type(field('New password'), 'horse battery');
    await user.type(field('New password, once more'), 'horse battery{Enter}');
    expect(await screen.findByText('This is not your password until now.')).toBeDefined();
    expect(document.activeElement).toBe(field('Password until now'));
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
    await user.type(field('New password'), 'horse battery');
    await user.type(field('New password, once more'), 'horse battery{Enter}');
    expect(sent(host, 'changePassword')).toEqual([{ type: 'changePassword', old: 'secret', new: 'horse battery' }]);
    expect(await screen.findByText('Your password was changed.')).toBeDefined();
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('takes a new name and where outgoing calls come from, and says that it is saved', async () => {
    const { host, user } = await openPage();
    const save = button('Save');
    expect(save.getAttribute('aria-disabled')).toBe('true');
    await user.click(screen.getByRole('checkbox', { name: /^Make outgoing calls from my user account/u }));
    await user.clear(field('First name'));
    await user.type(field('First name'), 'Lin');
    expect(save.getAttribute('aria-disabled')).toBe('false');
    await user.click(save);
    expect(sent(host, 'setCallsFromUserAccount')).toEqual([{ type: 'setCallsFromUserAccount', on: false }]);
    expect(sent(host, 'editProfile')).toEqual([{ type: 'editProfile', profile: { firstName: 'Lin' } }]);
    expect(await screen.findByText('Saved.')).toBeDefined();
    expect(screen.getByRole('heading', { name: 'Lin de Vries' })).toBeDefined();
  });

  it('asks for a name that is missing, and shows what somebody else changed', async () => {
    const { host, user, show } = await openPage();
    await user.clear(field('Last name'));
    await user.click(button('Save'));
    expect(screen.getByText('Fill in a name.')).toBeDefined();
    expect(document.activeElement).toBe(field('Last name'));
    expect(sent(host, 'editProfile')).toEqual([]);
    const { server } = host.view;
    if (server) await show({ server: { ...server, me: { ...server.me, firstName: 'Belinda' } } });
    expect(field('First name').value).toBe('Belinda');
    expect(field('Last name').value).toBe('');
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
