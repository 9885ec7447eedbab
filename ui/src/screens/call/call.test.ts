import { screen, waitFor, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import type { CallView } from '../../contract';
import { call, fairQuality, people } from '../../host/fake/sample';
import { button, open, sent } from '../../testing/render';

const now = Date.now();
const incoming = (change: Partial<CallView> = {}): CallView =>
  call({
    now,
    party: people.piet,
    state: { kind: 'incoming', waiting: false },
    answeredAt: null,
    quality: null,
    ...change,
  });

describe('an incoming call', () => {
  it('is announced to readers at once and takes no focus', async () => {
    const { show, user } = await open();
    await user.click(screen.getByRole('combobox'));
    const before = document.activeElement;
    await show({ calls: [incoming()] });
    expect(screen.getByTestId('assertive').textContent).toBe('Incoming call from Piet Zwart');
    expect(document.activeElement).toBe(before);
  });

  it('is answered and declined by button and by key', async () => {
    const { host, user, show } = await open({ calls: [incoming()] });
    await user.click(button('Decline'));
    await show({ calls: [incoming({ id: 2 })] });
    await user.keyboard('{Control>}{Shift>}{F9}{/Shift}{/Control}');
    expect(host.commands.filter(({ type }) => type === 'decline' || type === 'answer')).toEqual([
      { type: 'decline', call: 1 },
      { type: 'answer', call: 2 },
    ]);
  });

  it('during another call says who will wait', async () => {
    await open({ calls: [call({ now }), incoming({ id: 2 })] });
    expect(button('Answer, Sophie waits')).toBeDefined();
  });
});

describe('a call that comes while a sheet is open', () => {
  it('leaves the sheet and what was typed in it, and is answered from there', async () => {
    const talking = call({ now });
    const { host, user, show } = await open({ calls: [talking] });
    await user.click(button('Transfer'));
    const field = within(screen.getByRole('dialog')).getByRole('combobox');
    await user.type(field, 'ann');
    await show({ calls: [talking, incoming({ id: 2 })] });
    expect(field).toHaveProperty('value', 'ann');
    await user.click(within(screen.getByRole('dialog')).getByRole('button', { name: 'Answer' }));
    expect(sent(host, 'answer')).toEqual([{ type: 'answer', call: 2 }]);
  });

  it('does not lock the window where the list is hidden by the call', async () => {
    const { user, show } = await open();
    await user.click(button('Delete all'));
    await show({ calls: [incoming()] });
    expect(screen.getByRole('dialog')).toBeDefined();
    await user.click(button('Cancel'));
    expect(screen.getByRole('heading', { name: 'Piet Zwart' })).toBeDefined();
  });
});

describe('a call', () => {
  it('is muted, held and ended by keys that type nothing', async () => {
    const { host, user } = await open({ calls: [call({ now })] });
    await user.keyboard('{Control>}{Shift>}[KeyM][KeyH]{/Shift}{/Control}');
    await user.keyboard('{Control>}{Shift>}{F10}{/Shift}{/Control}');
    expect(host.commands.map(({ type }) => type).filter((type) => ['mute', 'hold', 'hangUp'].includes(type))).toEqual([
      'mute',
      'hold',
      'hangUp',
    ]);
  });

  it('gets the digits that are typed as tones, and shows them', async () => {
    const { host, user } = await open({ calls: [call({ now })] });
    await user.keyboard('12#');
    expect(sent(host, 'sendDigits').map((command) => 'digits' in command && command.digits)).toEqual(['1', '2', '#']);
    await user.click(within(screen.getByRole('toolbar')).getByRole('button', { name: 'Keypad' }));
    expect(screen.getByText('Digits sent: 12#')).toBeDefined();
  });

  it('is not ended by Esc', async () => {
    const { host, user } = await open({ calls: [call({ now })] });
    await user.keyboard('{Escape}');
    expect(sent(host, 'hangUp')).toEqual([]);
  });

  it('says each change of state once, politely', async () => {
    const { show } = await open({ calls: [call({ now })] });
    const said = (): string | null => screen.getByTestId('polite').textContent;
    await show({ calls: [call({ now, state: { kind: 'theyHold' } })] });
    expect(said()).toBe('Sophie Clarke: They put you on hold');
    await show({ calls: [call({ now, state: { kind: 'active' }, muted: true })] });
    expect(said()).toBe('Sophie Clarke: In call. Your microphone is off');
  });

  it('shows quality as a note only when it is worth telling, with who is to blame and one thing to do', async () => {
    const { show } = await open({ calls: [call({ now })] });
    expect(screen.queryByText(/Your network loses/u)).toBeNull();
    await show({ calls: [call({ now, quality: fairQuality })] });
    expect(screen.getByText(/Your network loses some of the sound/u)).toBeDefined();
  });

  it('tells its quality in numbers one press away', async () => {
    const { user } = await open({ calls: [call({ now })] });
    await user.click(button(/Quality: Good, 4 of 4/u));
    const sheet = screen.getByRole('dialog', { name: 'Call quality' });
    expect(within(sheet).getByText('4.3')).toBeDefined();
    expect(within(sheet).getByText('38 ms')).toBeDefined();
  });

  it('shows the lock only where the keys were safe too', async () => {
    const { show } = await open({ calls: [call({ now })] });
    expect(screen.getByText('Encrypted')).toBeDefined();
    await show({ calls: [call({ now, security: 'keysInClear' })] });
    expect(screen.queryByText('Encrypted')).toBeNull();
  });

  it('that failed says why and can be called again', async () => {
    const problem = { code: 'busy', params: { target: 'Tom' }, details: '486 Busy Here' } as const;
    const ended = call({
      now,
      party: people.tom,
      answeredAt: null,
      state: { kind: 'ended', reason: 'failed', problem },
    });
    const { host, user } = await open({ calls: [ended] });
    expect(screen.getByText(/Tom is on another call/u)).toBeDefined();
    await user.click(button('Call again'));
    expect(sent(host, 'dial')).toMatchObject([{ target: 'sip:603@fiets.example' }]);
  });

  it('can be put aside to call someone else, and a strip leads back', async () => {
    const { user } = await open({ calls: [call({ now })] });
    await user.keyboard('{Control>}k{/Control}');
    await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('combobox')));
    await user.click(button('Back to the call'));
    expect(screen.queryByRole('button', { name: 'Back to the call' })).toBeNull();
  });
});

describe('a transfer', () => {
  it('asks first by default and sends the chosen one', async () => {
    const { host, user } = await open({ calls: [call({ now })] });
    await user.keyboard('{Control>}{Shift>}[KeyT]{/Shift}{/Control}');
    const sheet = screen.getByRole('dialog', { name: 'Transfer Sophie Clarke' });
    await user.type(within(sheet).getByRole('combobox'), 'anna{Enter}');
    expect(sent(host, 'transferAskFirst')).toEqual([
      { type: 'transferAskFirst', call: 1, target: 'sip:602@fiets.example' },
    ]);
  });

  it('goes straight through where that is chosen', async () => {
    const { host, user } = await open({ calls: [call({ now })] });
    await user.click(button('Transfer'));
    await user.click(screen.getByRole('radio', { name: 'Straight through' }));
    await user.type(within(screen.getByRole('dialog')).getByRole('combobox'), '0201234567{Enter}');
    expect(sent(host, 'transferBlind')).toEqual([{ type: 'transferBlind', call: 1, target: '0201234567' }]);
  });

  it('is completed or taken back from the call in which it is asked', async () => {
    const { host, user } = await open({
      calls: [
        call({ now, party: people.piet, state: { kind: 'onHold' }, consultation: { role: 'waiting', call: 2 } }),
        call({ now, id: 2, party: people.anna, consultation: { role: 'asking', call: 1 } }),
      ],
    });
    expect(screen.getByText(/Only Anna hears you now/u)).toBeDefined();
    await user.click(button('Hand Piet over to Anna'));
    expect(sent(host, 'completeTransfer')).toEqual([{ type: 'completeTransfer', call: 2 }]);
  });
});

describe('two calls', () => {
  it('are swapped by button and by key', async () => {
    const held = call({ now, id: 2, party: people.piet, state: { kind: 'onHold' } });
    const { host, user } = await open({ calls: [held, call({ now })] });
    await user.click(button('Swap'));
    await user.keyboard('{Control>}{Shift>}[KeyS]{/Shift}{/Control}');
    expect(sent(host, 'swap')).toHaveLength(2);
  });
});
