import { screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import type { AccountSummary, PhoneView, ServerView } from '../../contract';
import { call } from '../../host/fake/sample';
import { linda, lockBy, lockedSettings, marieke, serverView, settings, stamp } from '../../host/fake/server-sample';
import { button, open, sent, type Opened } from '../../testing/render';

const now = Date.now();

async function openPage(change: Partial<ServerView> = {}, more: Partial<PhoneView> = {}): Promise<Opened> {
  const opened = await open({ server: serverView(now, change), ...more });
  await opened.user.click(screen.getByRole('link', { name: 'Settings' }));
  await opened.user.click(button(/^Telephony & Audio/u));
  return opened;
}
const named = (role: string, name: string | RegExp): HTMLElement => screen.getByRole(role, { name });
const described = (element: HTMLElement): string =>
  document.getElementById(element.getAttribute('aria-describedby') ?? '')?.textContent?.replace(/\s+/gu, ' ') ?? '';

describe('settings that the user may change', () => {
  it('are sent with the clients that they are for', async () => {
    const { host, user } = await openPage();
    await user.click(named('switch', 'Receive incoming calls'));
    await user.click(within(named('group', 'Make calls: applies to')).getByRole('radio', { name: 'All my clients' }));
    await user.click(named('radio', /^Desk phone/u));
    expect(sent(host, 'setReceiveCalls')).toEqual([{ type: 'setReceiveCalls', on: false, scope: 'allClients' }]);
    expect(sent(host, 'setMakeCalls')).toEqual([{ type: 'setMakeCalls', on: true, scope: 'allClients' }]);
    expect(sent(host, 'setCallMethod')).toEqual([{ type: 'setCallMethod', method: 'deskPhone', scope: 'allClients' }]);
  });

  it('say that they were saved, and where they are known too', async () => {
    const { user } = await openPage();
    await user.click(named('switch', 'Receive incoming calls'));
    expect(screen.getByText('Saved. Also on Firefox op Linux.')).toBeDefined();
  });

  it('say that they wait while the server is not there, and not that they were saved', async () => {
    await openPage({ settings: { ...settings(now), receivePending: true, saved: now } });
    expect(screen.getByText('Waiting to be sent')).toBeDefined();
    expect(screen.queryByText(/^Saved/u)).toBeNull();
  });

  it('lead to the sound devices and back', async () => {
    const { user } = await openPage();
    await user.click(button(/^Microphone/u));
    expect(named('heading', 'Audio devices')).toBeDefined();
    await user.click(button('Back'));
    expect(named('heading', 'Telephony & Audio')).toBeDefined();
  });
});

describe('a setting that an administrator locked', () => {
  it('shows its value, takes no keyboard, and is described by who, when and why', async () => {
    await openPage({ settings: lockedSettings(now) });
    const locked = named('switch', 'Receive incoming calls');
    expect(locked.getAttribute('aria-checked')).toBe('false');
    expect(locked.getAttribute('aria-disabled')).toBe('true');
    expect(locked.hasAttribute('tabindex')).toBe(false);
    expect(described(locked)).toMatch(/^ ?Your administrator, Marieke Smit, turned this off for all your clients on/u);
    expect(described(locked)).toContain('“Aan de balie neem je op met het vaste toestel.”');
    expect(described(locked)).toContain('Please contact Marieke Smit');
    const chosen = within(named('radiogroup', 'Call method')).getByRole('radio', { name: 'Desk phone, 203' });
    expect(chosen.getAttribute('aria-checked')).toBe('true');
    expect(described(named('radiogroup', 'Call method'))).toContain('rings your desk phone first');
  });

  it('sends nothing however it is pressed', async () => {
    const { host, user } = await openPage({ settings: lockedSettings(now) });
    await user.click(named('switch', 'Receive incoming calls'));
    await user.click(named('switch', 'Make calls'));
    for (const radio of screen.getAllByRole('radio')) await user.click(radio);
    expect(host.commands.filter(({ type }) => type.startsWith('set'))).toEqual([]);
  });

  it('can be asked about by keyboard, and the note describes the button', async () => {
    const { host, user } = await openPage({ settings: lockedSettings(now) });
    const ask = button('Ask for a change: Receive incoming calls');
    expect(described(ask)).toContain('Marieke Smit');
    ask.focus();
    await user.keyboard('{Enter}');
    const sheet = within(screen.getByRole('dialog'));
    expect(sheet.getByRole('radio', { name: 'Turn on receiving calls' })).toHaveProperty('checked', true);
    await user.type(sheet.getByLabelText('In your own words'), 'On Tuesdays I am not at the desk.');
    await user.click(sheet.getByRole('button', { name: 'Send' }));
    expect(sent(host, 'askForChange')).toEqual([
      {
        type: 'askForChange',
        direction: 'incoming',
        wish: { on: true },
        text: 'On Tuesdays I am not at the desk.',
      },
    ]);
    expect(screen.getByText(/You asked for a change today at/u)).toBeDefined();
    await user.click(button('Take back: Receive incoming calls'));
    expect(sent(host, 'withdrawRequest')).toHaveLength(1);
  });

  it('is not asked about without a word on what should change', async () => {
    const { host, user } = await openPage({ settings: lockedSettings(now) });
    await user.click(button('Ask for a change: Make calls'));
    const sheet = within(screen.getByRole('dialog'));
    await user.click(sheet.getByRole('radio', { name: 'Something else' }));
    await user.click(sheet.getByRole('button', { name: 'Send' }));
    expect(sheet.getByRole('alert').textContent).toContain('Write in a few words');
    expect(sent(host, 'askForChange')).toEqual([]);
  });

  it('says so where the user set it and lost the permission after', async () => {
    const lock = lockBy(now, undefined, linda);
    await openPage({ settings: settings(now, { receive: { value: true, scope: 'thisClient', lock } }) });
    const words = described(named('switch', 'Receive incoming calls'));
    expect(words).toContain('You set this yourself on');
    expect(words).toContain('Please contact Marieke Smit');
  });

  it('tells a declined request with its reason', async () => {
    await openPage({
      settings: lockedSettings(now),
      requests: [
        {
          id: 1,
          user: { id: 1, name: linda.name },
          at: now,
          asked: { direction: 'incoming', text: '' },
          lockedWith: 0,
          state: { kind: 'declined', stamp: stamp(marieke, now, 'Not before January.') },
          revision: 1,
        },
      ],
    });
    expect(screen.getByText(/Marieke Smit declined what you asked/u)).toBeDefined();
    expect(screen.getByText(/“Not before January\.”/u)).toBeDefined();
    expect(button('Ask again: Receive incoming calls')).toBeDefined();
  });
});

describe('a change by an administrator', () => {
  it('shows at once, is told once, and leaves the keyboard in the card', async () => {
    const { host } = await openPage();
    named('switch', 'Receive incoming calls').focus();
    host.server.show({ settings: lockedSettings(now) });
    await tick();
    await tick();
    expect(named('switch', 'Receive incoming calls').getAttribute('aria-disabled')).toBe('true');
    expect(screen.getByTestId('polite').textContent).toContain('Marieke Smit turned off incoming calls');
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Ask for a change: Receive incoming calls');
    host.show({ missed: 0 });
    host.server.show({ settings: lockedSettings(now) });
    await tick();
    expect(screen.getByTestId('polite').textContent?.match(/turned off incoming/gu)).toHaveLength(1);
  });

  it('in the middle of a call is told, and the call stays on the screen', async () => {
    const { host } = await open({ server: serverView(now), calls: [call({ now })] });
    host.server.show({ settings: lockedSettings(now) });
    await tick();
    expect(screen.getByTestId('polite').textContent).toContain('Marieke Smit turned off incoming calls');
    expect(named('heading', 'Sophie Clarke')).toBeDefined();
    expect(button('Hang up')).toBeDefined();
  });

  it('of the user alone is no news', async () => {
    const { user } = await openPage();
    await user.click(named('switch', 'Receive incoming calls'));
    expect(screen.getByTestId('polite').textContent).toBe('');
  });
});

describe('forwarding', () => {
  it('asks where to before it is turned on, and keeps the place when it is turned off', async () => {
    const { host, user } = await openPage();
    const always = (): HTMLElement => named('switch', 'Always');
    expect(always().getAttribute('aria-checked')).toBe('false');
    expect(described(always())).toBe('Off');
    await user.click(always());
    await user.click(button('Forward'));
    expect(screen.getByText('Fill in the number that calls should go to.')).toBeDefined();
    await user.type(screen.getByLabelText('Number'), '06 0012 5530{Enter}');
    const to = { kind: 'external', number: '06 0012 5530' };
    expect(sent(host, 'setForwarding')).toEqual([
      { type: 'setForwarding', forwarding: { always: { active: true, to } } },
    ]);
    expect(described(always())).toBe('To 06 0012 5530');
    await user.click(always());
    expect(sent(host, 'setForwarding').at(-1)).toEqual({
      type: 'setForwarding',
      forwarding: { always: { active: false, to } },
    });
    expect(described(always())).toBe('Off, to 06 0012 5530');
  });

  it('goes to a colleague or a device of one’s own, and leaves the other forwardings', async () => {
    const to = { kind: 'external' as const, number: '0612345678' };
    const { telephony } = serverView(now);
    const forwarding = { busy: { active: true, to } };
    const { host, user } = await openPage({ telephony: { ...telephony, forwarding } });
    await user.click(button('Change where to: When nobody answers'));
    await user.click(named('radio', 'A colleague'));
    await user.selectOptions(screen.getByLabelText('Which colleague'), 'Tom Hughes, 603');
    await user.click(button('Forward'));
    expect(sent(host, 'setForwarding')).toEqual([
      { type: 'setForwarding', forwarding: { noAnswer: { active: true, to: { kind: 'user', user: 3 } } } },
    ]);
    expect(described(named('switch', 'When nobody answers'))).toBe('To Tom Hughes');
    expect(described(named('switch', 'When busy'))).toBe('To 0612345678');
  });

  it('says that it waits while the server is not there', async () => {
    await openPage({ forwardingPending: true });
    expect(screen.getByText('Waiting to be sent')).toBeDefined();
  });
});

describe('several desk phones', () => {
  const desk = (id: number, number: string, name: string): AccountSummary => ({
    id,
    number,
    name,
    kind: { kind: 'deskPhone' },
    owners: [],
    state: { kind: 'registered', count: 1 },
    revision: 1,
  });

  it('are told apart: the user picks the one that rings first', async () => {
    const accounts = [desk(11, '203', 'Balie'), desk(12, '205', 'Werkplaats')];
    const { host, user } = await openPage({ accounts });
    await user.selectOptions(screen.getByLabelText('Which desk phone rings'), 'Werkplaats, 205');
    expect(sent(host, 'setDeskPhone')).toEqual([{ type: 'setDeskPhone', account: 12 }]);
  });

  it('are told apart too where an administrator chose the method', async () => {
    const accounts = [desk(11, '203', 'Balie'), desk(12, '205', 'Werkplaats')];
    const { host, user } = await openPage({ accounts, settings: lockedSettings(now) });
    await user.selectOptions(screen.getByLabelText('Which desk phone rings'), 'Werkplaats, 205');
    expect(sent(host, 'setDeskPhone')).toEqual([{ type: 'setDeskPhone', account: 12 }]);
  });

  it('are no question where there is one', async () => {
    await openPage({ accounts: [desk(11, '203', 'Balie')] });
    expect(screen.queryByLabelText('Which desk phone rings')).toBeNull();
  });
});
