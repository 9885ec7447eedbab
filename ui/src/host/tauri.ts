import { invoke } from '@tauri-apps/api/core';
import { listen, type EventCallback } from '@tauri-apps/api/event';
import type { Command, Levels, PhoneView } from '../contract';
import type { Host, Stop } from './host';

/** The phone in the desktop shell. This is the only file that knows the shell's names. */
export function tauriHost(): Host {
  return {
    state: () => invoke<PhoneView>('phone_view'),
    command: (command: Command) => invoke('phone_command', { command }),
    onView: (listener) => subscribe<PhoneView>('phone-view', (event) => listener(event.payload)),
    onLevels: (listener) => subscribe<Levels>('phone-levels', (event) => listener(event.payload)),
  };
}

function subscribe<T>(name: string, callback: EventCallback<T>): Stop {
  const listening = listen(name, callback);
  return () => void listening.then((stop) => stop());
}
