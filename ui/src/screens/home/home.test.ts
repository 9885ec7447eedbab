import { screen, within } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import { account } from '../../host/fake/sample';
import { button, open, sent } from '../../testing/render';

const field = (): HTMLInputElement => screen.getByRole('combobox');
const offline = { connectivity: { state: 'offline', since: Date.now() } } as const;

describe('the dial field', () => {
  it('gets what is typed anywhere on the page', async () => {
    const { user } = await open();
    await user.keyboard('an');
    expect(field().value).toBe('an');
    expect(document.activeElement).toBe(field());
  });

  it('calls the chosen suggestion by keys alone and is empty after that', async () => {
    const { host, user } = await open();
    await user.keyboard('{Control>}k{/Control}');
    await user.keyboard('0300{ArrowDown}{Enter}');
    expect(sent(host, 'dial')).toEqual([{ type: 'dial', target: 'sip:0300128810@fiets.example' }]);
  });

  it('calls what was typed where nothing else is chosen', async () => {
    const { host, user } = await open();
    await user.type(field(), '0201234567{Enter}');
    expect(sent(host, 'dial')).toEqual([{ type: 'dial', target: '0201234567' }]);
  });

  it('tells readers how many results there are and which one is chosen', async () => {
    const { user } = await open();
    await user.type(field(), 'an');
    const chosen = screen.getByRole('option', { selected: true });
    expect(field().getAttribute('aria-activedescendant')).toBe(chosen.id);
    expect(screen.getByText('1 result')).toBeDefined();
  });

  it('says what to do where nobody has that name', async () => {
    const { user } = await open();
    await user.type(field(), 'xyz');
    expect(screen.getByText(/Nobody by that name/u)).toBeDefined();
  });

  it('is cleared by Esc', async () => {
    const { user } = await open();
    await user.type(field(), 'xyz{Escape}');
    expect(field().value).toBe('');
  });

  it('takes digits from the keypad and calls them', async () => {
    const { host, user } = await open();
    await user.click(button('Keypad'));
    for (const key of ['1 ABC', '1', '2'])
      await user.click(within(screen.getByRole('toolbar')).getByText(key.slice(0, 1)));
    await user.click(button('Delete last digit'));
    await user.click(button('Call 11'));
    expect(sent(host, 'dial')).toEqual([{ type: 'dial', target: '11' }]);
  });
});

describe('a link that was clicked elsewhere', () => {
  it('waits in the dial field and calls nobody', async () => {
    const { host, show } = await open();
    await show({ link: '+31201234567' });
    expect(field().value).toBe('+31201234567');
    expect(sent(host, 'dial')).toEqual([]);
  });
});

describe('recent calls', () => {
  it('are called back with one press', async () => {
    const { host, user } = await open();
    await user.click(screen.getAllByRole('button', { name: 'Call Piet Zwart' })[0] as HTMLElement);
    expect(sent(host, 'dial')).toEqual([{ type: 'dial', target: 'sip:0600127781@fiets.example' }]);
  });

  it('can be told from missed ones', async () => {
    const { user } = await open();
    await user.click(button('Missed only'));
    expect(screen.queryByText('Anna Bakker')).toBeNull();
    expect(screen.getByText('Missed twice')).toBeDefined();
  });

  it('are one tab stop with arrows inside', async () => {
    const { user } = await open();
    const rows = document.querySelectorAll<HTMLElement>('.list .open');
    rows[0]?.focus();
    await user.keyboard('{ArrowDown}');
    expect(document.activeElement).toBe(rows[1]);
    await user.keyboard('{ArrowRight}');
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Call Piet Zwart');
    expect(document.querySelectorAll('.list button[tabindex="0"]')).toHaveLength(1);
  });

  it('tell more when opened, and can be deleted there', async () => {
    const { host, user } = await open();
    await user.click(screen.getByRole('button', { name: /Priya Nair.*Incoming, 2 min/u }));
    expect(screen.getByRole('heading', { name: 'Priya Nair' })).toBeDefined();
    await user.click(button('Delete from list'));
    expect(sent(host, 'deleteHistory')).toMatchObject([{ type: 'deleteHistory', id: 'h6' }]);
    expect(screen.queryByRole('heading', { name: 'Priya Nair' })).toBeNull();
  });

  it('say how to start where there are none', async () => {
    await open({ history: [] });
    expect(screen.getByText(/No calls yet/u)).toBeDefined();
  });
});

describe('the account', () => {
  it('says at once whether calls can come', async () => {
    const { show } = await open();
    expect(screen.getByText(/Reachable/u)).toBeDefined();
    const problem = { code: 'wrongPassword', params: {}, details: null } as const;
    await show({ accounts: [account({ registration: { state: 'failed', since: 0, problem, retryAt: null } })] });
    expect(screen.getByText(/Not connected/u)).toBeDefined();
    expect(screen.getByText(/That password does not fit/u)).toBeDefined();
  });

  it('without a connection says since when, what fails and what to do, and calls nobody', async () => {
    const { host, user } = await open(offline);
    expect(screen.getByText(/No connection since/u)).toBeDefined();
    const call = screen.getAllByRole('button', { name: 'Call Anna Bakker' })[0] as HTMLElement;
    expect(call.getAttribute('aria-describedby')).toBe('offline');
    await user.click(call);
    expect(sent(host, 'dial')).toEqual([]);
    await user.click(button('Try now'));
    expect(sent(host, 'register')).toEqual([{ type: 'register', id: 1 }]);
  });
});

describe('the whole list', () => {
  it('is deleted only after a question that says how much goes', async () => {
    const { host, user } = await open();
    await user.click(button('Delete all'));
    expect(screen.getByText(/The list of 11 calls/u)).toBeDefined();
    await user.click(button('Delete 11 calls'));
    expect(sent(host, 'clearHistory')).toHaveLength(1);
    expect(screen.getByText(/No calls yet/u)).toBeDefined();
  });
});
