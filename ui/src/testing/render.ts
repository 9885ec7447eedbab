import { render, screen } from '@testing-library/svelte';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import { tick } from 'svelte';
import App from '../App.svelte';
import type { PhoneView } from '../contract';
import { FakePhone } from '../host/fake/phone';
import { sampleView } from '../host/fake/sample';
import { Phone } from '../state/phone.svelte';

/** The whole window over a scripted phone, as a user meets it. */
export interface Opened {
  host: FakePhone;
  user: UserEvent;
  /** Changes what the phone shows, and waits until the window has drawn it. */
  show: (change: Partial<PhoneView>) => Promise<void>;
}

/** Opens the window in English, with the sample's history and whatever `change` says. */
export async function open(change: Partial<PhoneView> = {}): Promise<Opened> {
  const view = { ...sampleView(Date.now()), ...change };
  const host = new FakePhone(
    { ...view, preferences: { language: 'en', theme: 'light', country: 'nl', ...change.preferences } },
    0,
  );
  render(App, { phone: await Phone.open(host) });
  await tick();
  return {
    host,
    user: userEvent.setup(),
    show: async (next) => {
      host.show(next);
      await tick();
    },
  };
}

/** The commands of one kind that the window sent. */
export function sent(host: FakePhone, type: FakePhone['commands'][number]['type']): FakePhone['commands'] {
  return host.commands.filter((command) => command.type === type);
}

/** A button by its whole name. */
export function button(name: string | RegExp): HTMLElement {
  return screen.getByRole('button', { name });
}
