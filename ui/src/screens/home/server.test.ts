import { screen, within } from '@testing-library/svelte';
import { tick } from 'svelte';
import { describe, expect, it } from 'vitest';
import { refusal } from '../../host/fake/log-in';
import { records } from '../../host/fake/records';
import { history, people } from '../../host/fake/sample';
import { callsOff, device, serverView, settings } from '../../host/fake/server-sample';
import { isEmergency } from '../../state/making';
import { recordOf } from '../../state/reasons';
import { button, open, sent, type Opened } from '../../testing/render';

const now = Date.now();
const off = (): Promise<Opened> => open({ server: serverView(now, { settings: callsOff(now) }) });
const dialled = ({ host }: Opened): unknown[] =>
  sent(host, 'dial').map((command) => 'target' in command && command.target);

describe('with making calls off', () => {
  it('the dial field is locked and described by who turned it off and what still works', async () => {
    await off();
    const field = screen.getByRole('textbox', { name: 'Name, number or address' });
    expect(field.getAttribute('aria-disabled')).toBe('true');
    expect(field.hasAttribute('tabindex')).toBe(false);
    const note = document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent ?? '';
    expect(note).toContain('Your administrator, Marieke Smit, turned this off on');
    expect(note).toContain('112 always works');
    expect(button('Ask for a change: Make calls')).toBeDefined();
  });

  it('an emergency number is one press away', async () => {
    const opened = await off();
    await opened.user.click(button('Call 112, emergency number'));
    expect(dialled(opened)).toEqual(['112']);
  });

  it('an emergency number is called by keyboard, as typed', async () => {
    const opened = await off();
    await opened.user.keyboard('112');
    await tick();
    await opened.user.keyboard('{Enter}');
    expect(dialled(opened)).toEqual(['112']);
  });

  it('an emergency number is called by keypad', async () => {
    const opened = await off();
    await opened.user.click(button('Keypad'));
    for (const key of ['1', '1', '2']) await opened.user.click(within(screen.getByRole('toolbar')).getByText(key));
    await opened.user.click(button('Call 112'));
    expect(dialled(opened)).toEqual(['112']);
  });

  it('any other number is refused in words, and the text stays', async () => {
    const opened = await off();
    await opened.user.keyboard('0201234567');
    await tick();
    await opened.user.keyboard('{Enter}');
    expect(dialled(opened)).toEqual([]);
    expect(screen.getByRole('combobox')).toHaveProperty('value', '0201234567');
    expect(screen.queryByRole('option')).toBeNull();
    await tick();
    expect(screen.getByTestId('polite').textContent).toContain('Marieke Smit, turned this off');
  });

  it('a button that calls says why nothing comes of it', async () => {
    const opened = await off();
    const call = screen.getAllByRole('button', { name: 'Call Anna Bakker' })[0] as HTMLElement;
    expect(call.getAttribute('aria-disabled')).toBe('true');
    expect(document.getElementById(call.getAttribute('aria-describedby') ?? '')).not.toBeNull();
    await opened.user.click(call);
    await tick();
    expect(dialled(opened)).toEqual([]);
    expect(screen.getByTestId('polite').textContent).toContain('You can still answer calls');
  });

  it('a link that was clicked elsewhere is refused in words', async () => {
    const opened = await off();
    await opened.show({ link: '+31201234567' });
    expect(screen.getByRole('combobox')).toHaveProperty('value', '+31201234567');
    expect(screen.getByText(/turned this off on/u)).toBeDefined();
    expect(screen.queryByRole('option')).toBeNull();
  });

  it('by the user alone it is turned on again there', async () => {
    const own = settings(now, { make: { value: false, scope: 'thisClient' } });
    const { host, user } = await open({ server: serverView(now, { settings: own }) });
    expect(screen.getByText('You turned this off for this client.')).toBeDefined();
    await user.click(button('Turn on'));
    expect(sent(host, 'setMakeCalls')).toEqual([{ type: 'setMakeCalls', on: true, scope: 'thisClient' }]);
    expect(screen.getByRole('combobox')).toBeDefined();
  });

  it('an emergency number is known in every spelling', () => {
    const view = { emergencyNumbers: ['112'] } as Parameters<typeof isEmergency>[0];
    for (const target of ['112', '1 1 2', 'tel:112', 'sip:112@fiets.example'])
      expect(isEmergency(view, target)).toBe(true);
    for (const target of ['1120', '0112', 'sip:anna@112.example']) expect(isEmergency(view, target)).toBe(false);
  });
});

describe('without the server', () => {
  it('says since when, what waits, and tries at once when asked', async () => {
    const trouble = { where: 'here' as const, problem: { code: 'offline' as const, params: {}, details: null } };
    const { host, user } = await open({
      server: serverView(now, {
        connection: { state: 'offline', since: now, trouble },
        settings: { ...settings(now), receivePending: true },
      }),
    });
    expect(screen.getByText(/bel\.fiets\.example has not answered since/u)).toBeDefined();
    expect(screen.getByText('Waiting to be sent: Receive incoming calls.')).toBeDefined();
    await user.click(button('Try now'));
    expect(sent(host, 'tryServerNow')).toHaveLength(1);
  });

  it('lists everything that waits to be sent', async () => {
    const trouble = { where: 'here' as const, problem: { code: 'offline' as const, params: {}, details: null } };
    const waits = { forwardingPending: true, telephonyPending: true, profilePending: true, requestPending: true };
    await open({ server: serverView(now, { connection: { state: 'offline', since: now, trouble }, ...waits }) });
    const banner = screen.getByText(/^Waiting to be sent/u).textContent;
    for (const what of ['Forwarding', 'What your calls show', 'Your account', 'Your request to the administrator'])
      expect(banner).toContain(what);
  });

  it('shows a toggle made meanwhile as waiting', async () => {
    const trouble = { where: 'here' as const, problem: { code: 'offline' as const, params: {}, details: null } };
    const { user } = await open({
      server: serverView(now, { connection: { state: 'offline', since: now, trouble } }),
    });
    await user.click(screen.getByRole('switch', { name: 'Do not disturb' }));
    expect(screen.getByText('Waiting to be sent: Do not disturb.')).toBeDefined();
  });
});

describe('what the server refused', () => {
  it('is told in words until it is dismissed', async () => {
    const { host, user } = await open({ server: serverView(now, { refusal: refusal('conflict', { by: 'Els' }) }) });
    expect(screen.getByText(/^Els changed this a moment ago/u)).toBeDefined();
    await user.click(button('Dismiss'));
    expect(sent(host, 'dismissRefusal')).toHaveLength(1);
  });
});

describe('availability', () => {
  it('is chosen from the devices that there are', async () => {
    const { host, user } = await open({ server: serverView(now) });
    await user.click(button(/Your account/u));
    await user.click(screen.getByRole('menuitem', { name: 'Availability…' }));
    await user.click(screen.getByRole('radio', { name: 'Available only on 06 0012 5530' }));
    expect(sent(host, 'setAvailability')).toEqual([
      {
        type: 'setAvailability',
        availability: { kind: 'available', at: { kind: 'external', number: '06 0012 5530' } },
      },
    ]);
    expect(screen.getByRole('radio', { name: 'Available only on Desk phone, 203' })).toBeDefined();
    await user.click(screen.getByRole('radio', { name: 'Available only on the app, 204' }));
    expect(sent(host, 'setAvailability').at(-1)).toEqual({
      type: 'setAvailability',
      availability: { kind: 'available', at: { kind: 'account', account: 13 } },
    });
    await user.click(screen.getByRole('radio', { name: 'Available only on another number' }));
    await user.click(button('Set'));
    expect(screen.getByText('Fill in the number.')).toBeDefined();
    await user.type(screen.getByLabelText('Number'), '06 0012 0000');
    await user.click(button('Set'));
    const other = screen.getByRole('radio', { name: 'Available only on 06 0012 0000' });
    expect(other).toHaveProperty('checked', true);
    await user.click(screen.getByRole('radio', { name: /^Not available Calls skip you/u }));
    expect(screen.getByText('Not available', { selector: '.who span' })).toBeDefined();
  });
});

describe('colleagues', () => {
  it('have their state beside the face and in words among the results', async () => {
    const { user } = await open({ server: serverView(now) });
    expect(screen.getAllByRole('img', { name: 'On a call' })).toHaveLength(1);
    await user.type(screen.getByRole('combobox'), 'priya');
    expect(screen.getByRole('option', { name: /Do not disturb · 606/u })).toBeDefined();
  });

  it('have no state while the server is not there', async () => {
    await open({ server: serverView(now, { connection: { state: 'connecting' } }) });
    expect(screen.queryByRole('img', { name: 'On a call' })).toBeNull();
  });
});

describe('the number that others see', () => {
  it('is withheld for one call, by keypad or keyboard, and shown in the next', async () => {
    const { host, user, show } = await open({ server: serverView(now) });
    const toggle = (): HTMLElement => button('Withhold my number');
    await user.click(button('Keypad'));
    for (const key of ['6', '0', '2']) await user.click(within(screen.getByRole('toolbar')).getByText(key));
    await user.click(toggle());
    expect(toggle().getAttribute('aria-pressed')).toBe('true');
    await user.click(button('Call 602'));
    expect(sent(host, 'dial')).toEqual([{ type: 'dial', target: '602', withhold: true }]);
    await show({ calls: [] });
    await user.type(screen.getByRole('combobox'), '0201234567');
    expect(toggle().getAttribute('aria-pressed')).toBe('false');
    await user.keyboard('{Enter}');
    expect(sent(host, 'dial').at(-1)).toEqual({ type: 'dial', target: '0201234567' });
  });

  it('is never withheld from an emergency number', async () => {
    const { user } = await open({ server: serverView(now) });
    await user.type(screen.getByRole('combobox'), '112');
    expect(screen.queryByRole('button', { name: 'Withhold my number' })).toBeNull();
  });
});

describe('a call by desk phone', () => {
  it('says what to do, and can be taken back', async () => {
    const calls = [{ id: 's1', target: people.anna, via: device.desk, state: { kind: 'ringingYou' as const } }];
    const { host, user } = await open({ server: serverView(now, { calls }) });
    expect(screen.getByText('Desk phone, 203 rings. Answer it, and we call Anna Bakker.')).toBeDefined();
    await user.click(button('Cancel call'));
    expect(sent(host, 'cancelServerCall')).toEqual([{ type: 'cancelServerCall', call: 's1' }]);
  });
});

describe('calls that the server kept', () => {
  it('are in the list: held back without being missed, and answered on the desk phone', async () => {
    await open({ history: history(now), server: serverView(now, { records: records(now) }) });
    const held = button(/020 012 88 41.*Held back, Do not disturb/u);
    expect(held.closest('li')?.className).not.toContain('missed');
    expect(button(/Anna Bakker.*Answered on Desk phone, 203/u)).toBeDefined();
  });

  it('say why each phone rang or did not', async () => {
    const { host, user } = await open({ history: history(now), server: serverView(now, { records: records(now) }) });
    await user.click(button(/Piet Zwart.*Missed twice/u));
    await user.click(button('Why did my phone not ring?'));
    expect(screen.getByRole('heading', { name: 'Why did my phone not ring?' })).toBeDefined();
    expect(sent(host, 'askWhy')).toHaveLength(1);
    expect(screen.getByText('You were on Do not disturb, so none of your phones rang.')).toBeDefined();
    const lines = screen.getAllByRole('listitem').map((line) => line.textContent?.replace(/\s+/gu, ' ').trim());
    expect(lines.some((line) => line?.startsWith('06 0012 5530 did not ring Forwarding pauses'))).toBe(true);
    expect(lines.some((line) => line?.startsWith('Anna Bakker rang It rang for 18 seconds'))).toBe(true);
    await user.click(button('Back to the call'));
    expect(sent(host, 'closeWhy')).toHaveLength(1);
    expect(button('Why did my phone not ring?')).toBeDefined();
  });

  it('belong to a call here by its record and its legs, whatever number was shown', () => {
    const [anna] = history(now);
    const [kept] = records(now);
    if (!anna || !kept) throw new Error('the sample has calls');
    const legs = { ...kept, callIds: ['leg-1', 'leg-2'] };
    expect(recordOf([legs], anna)).toBeUndefined();
    expect(recordOf([legs], { ...anna, callId: 'leg-2' })).toBe(legs);
    expect(recordOf([legs], { ...anna, record: kept.id })).toBe(legs);
  });

  it('belong to a call here by moment and number, and to no other', () => {
    const [anna, piet, earlier] = history(now);
    const kept = records(now);
    expect(piet && recordOf(kept, piet)?.from.name).toBe('Piet Zwart');
    expect(anna && recordOf(kept, anna)).toBeUndefined();
    expect(earlier && recordOf(kept, earlier)).toBeUndefined();
  });
});
