import { screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { receipts, serverView } from '../../host/fake/server-sample';
import { button, open, sent } from '../../testing/render';
import { chosenEnd, nextTime } from './dnd';

const now = Date.now();
const minute = 60_000;
const switchOf = (within_: typeof screen = screen): HTMLElement =>
  within_.getByRole('switch', { name: 'Do not disturb' });
const on = { on: true, since: now, pending: false, receipts: receipts(now) };

describe('Do not disturb', () => {
  it('is on after one press, and how long is asked after that', async () => {
    const { host, user } = await open({ server: serverView(now) });
    await user.click(switchOf());
    expect(sent(host, 'setDnd')).toEqual([{ type: 'setDnd', on: true }]);
    const sheet = within(screen.getByRole('dialog', { name: 'Do not disturb' }));
    await user.click(sheet.getByRole('radio', { name: '1 hour' }));
    expect(sent(host, 'setDnd').at(-1)).toEqual({ type: 'setDnd', on: true, end: { kind: 'after', minutes: 60 } });
    expect(sheet.getByText(/On until \d\d:\d\d|On until tomorrow/u)).toBeDefined();
    expect(sheet.getByRole('radio', { name: '1 hour' })).toHaveProperty('checked', true);
  });

  it('is off again after one press, without a question', async () => {
    const { host, user } = await open({ server: serverView(now, { dnd: on }) });
    await user.click(switchOf());
    expect(sent(host, 'setDnd')).toEqual([{ type: 'setDnd', on: false }]);
    expect(screen.queryByRole('dialog')).toBeNull();
  });

  it('is turned on and off by key, and told', async () => {
    const { host, user } = await open({ server: serverView(now) });
    await user.keyboard('{Control>}{Shift>}[KeyD]{/Shift}{/Control}');
    expect(screen.getByTestId('polite').textContent).toBe('Do not disturb is on.');
    await user.keyboard('{Control>}{Shift>}[KeyD]{/Shift}{/Control}');
    expect(screen.getByTestId('polite').textContent).toBe('Do not disturb is off.');
    expect(sent(host, 'setDnd').map((command) => 'on' in command && command.on)).toEqual([true, false]);
  });

  it('says in the header that it is on, with more than a colour', async () => {
    await open({ server: serverView(now, { dnd: on }) });
    expect(switchOf().getAttribute('aria-checked')).toBe('true');
    expect(button(/Linda de Vries.*601.*Do not disturb/u).querySelector('.pr-dnd')).not.toBeNull();
  });

  it('has a line with a receipt for each device', async () => {
    const { user } = await open({ server: serverView(now, { dnd: on }) });
    await user.click(button('How long'));
    const lines = within(screen.getByRole('dialog'))
      .getAllByRole('listitem')
      .map((line) => line.textContent?.replace(/\s+/gu, ' ').trim());
    expect(lines).toHaveLength(6);
    expect(lines[0]).toMatch(/^This computer Confirmed \d\d:\d\d:\d\d Silent$/u);
    expect(lines[1]).toMatch(/Sent \d\d:\d\d:\d\d, no answer yet Told$/u);
    expect(lines[3]).toBe('06 0012 5530 Forwarding is paused Paused');
    expect(lines[4]).toBe('Winkelmobiel, 06 0012 9000 You share it and Anna is available Still rings');
    expect(lines[5]).toContain('Could not be told');
  });

  it('says what callers meet: a destination, or that nobody can be reached', async () => {
    const { telephony } = serverView(now);
    const { host, show, user } = await open({ server: serverView(now, { dnd: on }) });
    await user.click(button('How long'));
    expect(screen.getByText(/Callers are told that you can’t be reached\./u)).toBeDefined();
    const { server } = host.view;
    if (server) await show({ server: { ...server, telephony: { ...telephony, noAnswer: { kind: 'user', user: 3 } } } });
    expect(screen.getByText(/Callers go to Tom Hughes\./u)).toBeDefined();
  });

  it('that was not sent yet says who does not know', async () => {
    await open({ server: serverView(now, { dnd: { ...on, pending: true } }) });
    expect(screen.getByText(/Your other phones and colleagues hear it when you are back online/u)).toBeDefined();
    expect(button(/Linda de Vries.*Waiting to be sent/u)).toBeDefined();
  });

  it('is not there where the server can’t do it', async () => {
    const features = { ...serverView(now).features, dnd: false };
    const { host, user } = await open({ server: serverView(now, { features }) });
    expect(screen.queryByRole('switch', { name: 'Do not disturb' })).toBeNull();
    await user.keyboard('{Control>}{Shift>}[KeyD]{/Shift}{/Control}');
    expect(sent(host, 'setDnd')).toEqual([]);
  });
});

describe('the end of Do not disturb', () => {
  it('is the next moment at which a clock shows the time', () => {
    const noon = new Date(2026, 10, 22, 12).getTime();
    expect(nextTime('13:30', noon)).toBe(new Date(2026, 10, 22, 13, 30).getTime());
    expect(nextTime('08:15', noon)).toBe(new Date(2026, 10, 23, 8, 15).getTime());
    expect(nextTime('', noon)).toBeUndefined();
  });

  it('is told apart by how long it lasts', () => {
    const lasting = (minutes: number) => chosenEnd({ ...on, until: now + minutes * minute });
    expect(chosenEnd(on)).toBeUndefined();
    expect([lasting(30), lasting(60), lasting(97)]).toEqual(['30', '60', 'at']);
    const evening = new Date(2026, 10, 22, 17).getTime();
    const morning = new Date(2026, 10, 23, 8).getTime();
    expect(chosenEnd({ ...on, since: evening, until: morning })).toBe('tomorrow');
  });
});
