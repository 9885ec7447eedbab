import { screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { els } from '../fake/people';
import { asked, openPortal, type OpenedPortal } from '../testing/portal';

const row = (name: string): HTMLElement => {
  const found = screen.getAllByRole('row').find((candidate) => within(candidate).queryByText(name));
  if (!found) throw new Error(`no row of ${name}`);
  return found;
};
async function choose({ user }: OpenedPortal, ...names: string[]): Promise<void> {
  await screen.findByText('Anna Bakker');
  for (const name of names) await user.click(screen.getByRole('checkbox', { name: `Select ${name}` }));
}

describe('the table of users', () => {
  it('finds people by a part of their name', async () => {
    const { user } = await openPortal('#/users');
    await screen.findByText('Anna Bakker');
    await user.type(screen.getByRole('searchbox'), 'hoek');
    await expect.poll(() => screen.queryByText('Anna Bakker')).toBeNull();
    expect(screen.getByText('Els Hoekstra')).toBeDefined();
  });

  it('is put into another order, and back, by its headings', async () => {
    const { user } = await openPortal('#/users');
    await screen.findByText('Anna Bakker');
    const heading = screen.getByRole('columnheader', { name: 'Extension' });
    await user.click(within(heading).getByRole('button'));
    await expect.poll(() => screen.getAllByRole('row')[1]?.textContent).toContain('Linda de Vries');
    expect(heading.getAttribute('aria-sort')).toBe('ascending');
    await user.click(within(heading).getByRole('button'));
    expect(heading.getAttribute('aria-sort')).toBe('descending');
  });

  it('saves an edit with Enter', async () => {
    const { server, user } = await openPortal('#/users');
    await user.click(await screen.findByRole('button', { name: 'Edit Extension, Anna Bakker' }));
    await user.keyboard('642{Enter}');
    await expect.poll(() => server.user(2).user.extension).toBe('642');
    expect(row('Anna Bakker').textContent).toContain('642');
  });

  it('leaves everything as it was with Escape, and gives the focus back', async () => {
    const { server, user } = await openPortal('#/users');
    await user.click(await screen.findByRole('button', { name: 'Edit Extension, Anna Bakker' }));
    await user.keyboard('642{Escape}');
    expect(asked(server, 'PATCH', '/users/2')).toEqual([]);
    await expect.poll(() => document.activeElement?.getAttribute('aria-label')).toBe('Edit Extension, Anna Bakker');
  });

  it('says whose extension it is, and keeps the field open', async () => {
    const { user } = await openPortal('#/users');
    await user.click(await screen.findByRole('button', { name: 'Edit Extension, Anna Bakker' }));
    await user.keyboard('601{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain('601 belongs to Linda de Vries');
    expect(screen.getByRole('textbox', { name: 'Extension, Anna Bakker' })).toBeDefined();
  });

  it('shows both values where another administrator was quicker', async () => {
    const { server, user } = await openPortal('#/users');
    await user.click(await screen.findByRole('button', { name: 'Edit Extension, Anna Bakker' }));
    // Written, but not told: the event is still under way.
    const anna = server.user(2).user;
    Object.assign(anna, { extension: '618', revision: anna.revision + 1 });
    await user.keyboard('642{Enter}');
    expect((await screen.findByRole('alert')).textContent).toContain('Els Hoekstra changed Extension to 618');
    expect(server.user(2).user.extension).toBe('618');
    await user.click(screen.getByRole('button', { name: 'Use 642' }));
    await expect.poll(() => server.user(2).user.extension).toBe('642');
  });

  it('shows what another administrator changes at once, and says so', async () => {
    const { server } = await openPortal('#/users');
    await screen.findByText('Anna Bakker');
    server.change(2, (user) => (user.user.extension = '655'), els);
    expect(await screen.findByText('655')).toBeDefined();
    expect(screen.getByText('Els Hoekstra changed Anna Bakker')).toBeDefined();
  });
});

describe('a new user', () => {
  it('needs four things, and gives a link where no password was typed', async () => {
    const { server, user } = await openPortal('#/users');
    await user.click(screen.getByRole('button', { name: 'New user' }));
    await user.click(screen.getByRole('button', { name: 'Create user' }));
    expect(screen.getByRole('alert').textContent).toContain('Fill in first name');
    expect(asked(server, 'POST', '/users')).toEqual([]);
    await user.type(screen.getByLabelText('First name'), 'Karin');
    await user.type(screen.getByLabelText('Last name'), 'Blom');
    await user.type(screen.getByLabelText('E-mail'), 'karin@fiets.example');
    await user.type(screen.getByLabelText('Extension'), '699');
    await user.click(screen.getByRole('button', { name: 'Create user' }));
    // The extension of somebody who is gone is asked about before it is used again (U15).
    await user.click(await screen.findByRole('button', { name: 'Use it again' }));
    expect(await screen.findByText('https://bel.fiets.example/invitation#welcome')).toBeDefined();
    expect(asked(server, 'POST', '/users').at(-1)?.body).toMatchObject({ reuseExtension: true, role: 'member' });
  });
});

describe('settings of several users', () => {
  it('tell how they differ, and leave alone what nobody touched', async () => {
    const opened = await openPortal('#/users');
    await choose(opened, 'Bastiaan Prins', 'Femke Jansen', 'George Whitfield', 'Sebastian Cole');
    const incoming = await screen.findByRole('combobox', { name: 'Incoming calls' });
    expect(within(incoming).getAllByRole('option')[0]?.textContent).toBe('Different: individually (3), enabled (1)');
    expect(screen.getByRole('button', { name: 'Save' }).getAttribute('aria-disabled')).toBe('true');
    await opened.user.click(screen.getByRole('button', { name: 'Save' }));
    expect(asked(opened.server, 'POST', '/users/bulk')).toEqual([]);
    const permission = screen.getByRole<HTMLInputElement>('checkbox', { name: 'Configure outgoing calls' });
    expect(permission.indeterminate).toBe(true);
  });

  it('are tried out before they are saved, with what would become unreachable', async () => {
    const opened = await openPortal('#/users');
    await choose(opened, 'Bastiaan Prins', 'Femke Jansen');
    await opened.user.selectOptions(await screen.findByRole('combobox', { name: 'Incoming calls' }), 'disabled');
    expect(await screen.findByText('Nothing would ring any more for Bastiaan Prins and Femke Jansen.')).toBeDefined();
    expect(screen.getByText(/Calls to 020 012 10 00 would ring nowhere: about 38 a day/u)).toBeDefined();
    expect(opened.server.user(12).incoming.mode).toBe('individual');
    await opened.user.type(screen.getByLabelText(/^Note that they will see/u), 'Until Friday');
    await opened.user.click(screen.getByRole('button', { name: 'Save anyway' }));
    await expect.poll(() => opened.server.user(12).incoming.mode).toBe('disabled');
    expect(opened.server.user(12).incoming.stamp.note).toBe('Until Friday');
    expect(opened.server.user(12).outgoing.revision).toBe(5);
  });

  it('give and take permissions', async () => {
    const opened = await openPortal('#/users');
    await choose(opened, 'Bastiaan Prins', 'Femke Jansen');
    await opened.user.click(await screen.findByRole('checkbox', { name: 'Configure incoming calls' }));
    await opened.user.click(screen.getByRole('button', { name: 'Save' }));
    await expect.poll(() => opened.server.user(17).permissions.configureIncoming).toBe(false);
    expect(opened.server.user(12).permissions.configureIncoming).toBe(false);
  });

  it('stop before they overwrite what another administrator set meanwhile', async () => {
    const opened = await openPortal('#/users');
    await choose(opened, 'Femke Jansen');
    await opened.user.selectOptions(await screen.findByRole('combobox', { name: 'Incoming calls' }), 'disabled');
    opened.server.change(12, (user) => {
      user.incoming = { revision: 4, mode: 'enabled', stamp: { author: els, since: Date.now() } };
    });
    const conflict = await screen.findByText(/Els Hoekstra set Incoming calls of Femke Jansen to Enabled meanwhile/u);
    await opened.user.click(screen.getByRole('button', { name: /^Save/u }));
    expect(opened.server.user(12).incoming.mode).toBe('enabled');
    await opened.user.click(screen.getByRole('button', { name: 'Use Disabled' }));
    expect(conflict.isConnected).toBe(false);
    await opened.user.click(await screen.findByRole('button', { name: 'Save anyway' }));
    await expect.poll(() => opened.server.user(12).incoming.mode).toBe('disabled');
  });

  it('are shown anew where the server found the conflict', async () => {
    const opened = await openPortal('#/users');
    await choose(opened, 'Femke Jansen');
    await opened.user.selectOptions(await screen.findByRole('combobox', { name: 'Incoming calls' }), 'enabled');
    Object.assign(opened.server.user(12).incoming, { revision: 4, mode: 'disabled', stamp: { author: els, since: 1 } });
    await opened.user.click(screen.getByRole('button', { name: 'Save' }));
    expect(await screen.findByText(/Els Hoekstra set Incoming calls of Femke Jansen to Disabled/u)).toBeDefined();
    await opened.user.click(screen.getByRole('button', { name: 'Keep Disabled' }));
    expect(opened.server.user(12).incoming.mode).toBe('disabled');
    expect(screen.getByText('Nothing changed yet')).toBeDefined();
  });
});
