import { screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { asked, openPortal } from '../testing/portal';

const out = (server: { who: number | undefined }): void => void (server.who = undefined);

describe('logging in', () => {
  it('asks for both, says what did not fit, and lets in who is right', async () => {
    const { server, user } = await openPortal('', out);
    expect(await screen.findByRole('heading', { name: 'Log in to Voorbeeld Bikes' })).toBeDefined();
    await user.click(screen.getByRole('button', { name: 'Log in' }));
    expect(screen.getByText('Fill in your name and password.')).toBeDefined();
    expect(asked(server, 'POST', '/sessions')).toEqual([]);
    await user.type(screen.getByLabelText('E-mail or log-in name'), 'marieke@fiets.example');
    await user.type(screen.getByLabelText('Password'), 'wrong{Enter}');
    expect(await screen.findByText('That password does not fit marieke@fiets.example. 3 tries left.')).toBeDefined();
    await user.clear(screen.getByLabelText('Password'));
    await user.type(screen.getByLabelText('Password'), 'bellbird{Enter}');
    expect(await screen.findByRole('heading', { name: 'Users' })).toBeDefined();
  });

  it('with a first password asks for another one before anything else', async () => {
    const { server, user } = await openPortal('#/users', (fake) => (fake.passwordChangeNeeded = true));
    expect(screen.getByRole('heading', { name: 'Choose a new password' })).toBeDefined();
    await user.type(screen.getByLabelText('Password until now'), 'bellbird');
    await user.type(screen.getByLabelText('New password'), 'a longer one');
    await user.type(screen.getByLabelText('New password, once more'), 'a longer two');
    await user.click(screen.getByRole('button', { name: 'Save password' }));
    expect(screen.getByText(/The two are not the same/u)).toBeDefined();
    await user.clear(screen.getByLabelText('New password, once more'));
    await user.type(screen.getByLabelText('New password, once more'), 'a longer one{Enter}');
    expect(await screen.findByRole('heading', { name: 'Users' })).toBeDefined();
    expect(server.passwordChangeNeeded).toBe(false);
  });

  it('is not needed by whom a link invites', async () => {
    const { server, user } = await openPortal('#/link/welcome', out);
    expect(await screen.findByText(/You are invited to Voorbeeld Bikes/u)).toBeDefined();
    await user.type(screen.getByLabelText('New password'), 'short');
    await user.type(screen.getByLabelText('New password, once more'), 'short{Enter}');
    expect(await screen.findByText('This password is too short. It needs at least 10 characters.')).toBeDefined();
    await user.clear(screen.getByLabelText('New password'));
    await user.type(screen.getByLabelText('New password'), 'long enough now');
    await user.clear(screen.getByLabelText('New password, once more'));
    await user.type(screen.getByLabelText('New password, once more'), 'long enough now{Enter}');
    await expect.poll(() => server.who).toBe(12);
  });

  it('says that a link was used already', async () => {
    await openPortal('#/link/old', out);
    expect(await screen.findByText(/This link was used already/u)).toBeDefined();
  });

  it('is asked for again, with the reason, where the server ended the session', async () => {
    const { server } = await openPortal('#/users');
    await screen.findByText('Anna Bakker');
    server.tell({
      kind: 'loggedOut',
      problem: { type: '', title: '', status: 401, code: 'idleLogOut', params: { minutes: '10' } },
    });
    expect(await screen.findByText(/You were logged out because nothing happened for 10 minutes/u)).toBeDefined();
  });
});

describe('a new server', () => {
  it('is set up with the link that it printed, and its first administrator is logged in', async () => {
    const { server, user } = await openPortal('#/set-up/first', out);
    await user.click(await screen.findByRole('button', { name: 'Set up' }));
    expect(screen.getByText(/Fill in everything/u)).toBeDefined();
    const typed: Record<string, string> = {
      Organisation: 'Fietsen',
      'SIP domain': 'fietsen.example',
      'First name': 'Karin',
      'Last name': 'Blom',
      'E-mail': 'karin@fietsen.example',
      Extension: '600',
      Password: 'a longer one',
    };
    for (const [label, text] of Object.entries(typed)) await user.type(screen.getByLabelText(label), text);
    await user.click(screen.getByRole('button', { name: 'Set up' }));
    expect(await screen.findByRole('heading', { name: 'Users' })).toBeDefined();
    expect(asked(server, 'POST', '/set-up/first')[0]?.body).toMatchObject({
      domain: 'fietsen.example',
      country: 'NL',
      admin: { role: 'admin', extension: '600' },
    });
  });

  it('says so where the link is too old', async () => {
    const { user } = await openPortal('#/set-up/old', out);
    await screen.findByRole('button', { name: 'Set up' });
    for (const field of screen.getAllByRole('textbox')) await user.type(field, 'x');
    await user.type(screen.getByLabelText('Password'), 'a longer one{Enter}');
    expect(await screen.findByText(/This link is too old/u)).toBeDefined();
  });
});

describe('requests', () => {
  it('are counted in the menu, and answered', async () => {
    const { server, user } = await openPortal('#/requests');
    expect(await screen.findByRole('link', { name: /Requests.*2 open/u })).toBeDefined();
    await user.click(await screen.findByRole('button', { name: 'Turn it on' }));
    await expect.poll(() => server.requests[1]?.state.kind).toBe('accepted');
    expect(await screen.findByRole('link', { name: /Requests.*1 open/u })).toBeDefined();
  });

  it('are declined only with a reason', async () => {
    const { server, user } = await openPortal('#/requests');
    await user.click((await screen.findAllByRole('button', { name: 'Decline with a note' }))[0] as HTMLElement);
    await user.click(screen.getByRole('button', { name: 'Decline' }));
    expect(screen.getByText('Say why in a few words.')).toBeDefined();
    await user.type(screen.getByLabelText('Why not? Tom reads this.'), 'After Friday{Enter}');
    await expect
      .poll(() => server.requests[0]?.state)
      .toMatchObject({ kind: 'declined', stamp: { note: 'After Friday' } });
  });

  it('arrive while the page is open', async () => {
    const { server } = await openPortal('#/requests', (fake) => (fake.requests = []));
    expect(await screen.findByText(/^No requests/u)).toBeDefined();
    server.tell({
      kind: 'changeRequest',
      request: {
        id: 9,
        user: { id: 3, name: 'Tom Hughes' },
        at: Date.now(),
        asked: { direction: 'outgoing', wish: { on: true }, text: 'For the weekend' },
        lockedWith: 0,
        state: { kind: 'open' },
        revision: 1,
      },
    });
    expect(await screen.findByText('For the weekend')).toBeDefined();
  });
});
