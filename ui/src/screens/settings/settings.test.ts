import { screen } from '@testing-library/svelte';
import { describe, expect, it } from 'vitest';
import type { Opened } from '../../testing/render';
import { audio } from '../../host/fake/sample';
import { button, open, sent } from '../../testing/render';
import { choiceOf, chosenOption, deviceOptions } from './devices';

async function openPage(name: RegExp, change: Parameters<typeof open>[0] = {}): Promise<Opened> {
  const opened = await open(change);
  await opened.user.click(screen.getByRole('link', { name: 'Settings' }));
  await opened.user.click(button(name));
  return opened;
}

describe('language and look', () => {
  it('redraw the whole window in the language that was chosen', async () => {
    const { user } = await openPage(/^Language and look/u);
    await user.click(screen.getByRole('radio', { name: 'Nederlands' }));
    expect(screen.getByRole('heading', { name: 'Taal en weergave' })).toBeDefined();
    expect(document.documentElement.lang).toBe('nl');
  });

  it('follow the system unless one was chosen', async () => {
    const { user } = await openPage(/^Language and look/u);
    await user.click(screen.getByRole('radio', { name: 'Dark' }));
    expect(document.documentElement.dataset['theme']).toBe('dark');
    await user.click(screen.getByRole('radio', { name: 'System' }));
    expect(document.documentElement.dataset['theme']).toBeUndefined();
  });
});

describe('sound', () => {
  it('says which device stands in for one that is unplugged', async () => {
    await openPage(/^Audio devices/u, { audio: audio(false) });
    expect(
      screen.getByText(/Using Laptop microphone as the microphone, because Jabra Evolve2 65 is unplugged/u),
    ).toBeDefined();
  });

  it('keeps the unplugged device as the choice, and names it so', () => {
    const away = audio(false);
    expect(deviceOptions(away, 'microphone').at(-1)).toEqual({
      value: 'in-headset',
      label: 'Jabra Evolve2 65 (unplugged)',
    });
    expect(chosenOption(away, 'microphone')).toBe('in-headset');
    expect(choiceOf(away, 'microphone', 'in-headset')).toEqual(away.settings.microphone);
  });

  it('offers the system’s own choice with the device that it stands for', () => {
    expect(deviceOptions(audio(true), 'speaker')[0]).toEqual({ value: '', label: 'As the system: Laptop speakers' });
  });

  it('changes one thing and leaves the rest as it is', async () => {
    const { host, user } = await openPage(/^Audio devices/u);
    await user.click(screen.getByRole('switch', { name: 'Noise suppression' }));
    await user.selectOptions(screen.getByRole('combobox', { name: 'Speaker' }), 'out-desk');
    const settings = { ...audio(true).settings, noiseSuppression: false };
    expect(sent(host, 'setAudio')).toEqual([
      { type: 'setAudio', settings },
      {
        type: 'setAudio',
        settings: { ...settings, speaker: { kind: 'device', id: 'out-desk', name: 'Desk speakers' } },
      },
    ]);
  });

  it('is tried out, and the trial ends when the page is left', async () => {
    const { host, user } = await openPage(/^Audio devices/u);
    await user.click(button('Play a tone'));
    expect(sent(host, 'playTestSound')).toEqual([{ type: 'playTestSound', role: 'speaker' }]);
    await user.click(button(/^About/u));
    expect(host.commands.at(-1)).toEqual({ type: 'stopAudioTest' });
  });
});
