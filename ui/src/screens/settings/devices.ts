import type { AudioRole, AudioView, Device, DeviceChoice, DeviceInUse, Ringtone } from '../../contract';
import { m } from '../../paraglide/messages';

/** The roles that can be chosen for. */
export type Role = Extract<AudioRole, 'microphone' | 'speaker' | 'ring'>;

/** What a role's select shows. */
export interface DeviceOption {
  value: string;
  label: string;
}

/** The option for whatever the system uses. */
export const systemOption = '';

/** The devices to choose from for `role`: the system's, those that are there, and the chosen one while it is away. */
export function deviceOptions(audio: AudioView, role: Role): DeviceOption[] {
  const kind = role === 'microphone' ? 'input' : 'output';
  const devices = audio.devices.filter((device) => device.kind === kind);
  const choice = audio.settings[role];
  return [systemChoice(devices), ...devices.map(present), ...away(choice, devices)];
}

/** The value of the option that is chosen for `role`. */
export function chosenOption(audio: AudioView, role: Role): string {
  const choice = audio.settings[role];
  return choice.kind === 'device' ? choice.id : systemOption;
}

/** The choice that an option stands for. */
export function choiceOf(audio: AudioView, role: Role, value: string): DeviceChoice {
  if (value === systemOption) return { kind: 'system' };
  const device = audio.devices.find(({ id }) => id === value);
  if (device) return { kind: 'device', id: device.id, name: device.name };
  return audio.settings[role];
}

/** The device in use for `role`, by name. */
export function inUseName(audio: AudioView, role: Role): string {
  return audio.inUse.find((use) => use.role === role)?.device?.name ?? m.audio_none();
}

/** Which devices stand in for one that was chosen and is away. */
export function standIns(audio: AudioView): DeviceInUse[] {
  return audio.inUse.filter((use) => use.standsIn);
}

/** What a ringtone is called: ours in the user's language, others as they call themselves. */
export function ringtoneName({ id, name }: Ringtone): string {
  const ours: Record<string, () => string> = { classic: m.ringtone_classic, discreet: m.ringtone_discreet };
  return ours[id]?.() ?? name;
}

function systemChoice(devices: Device[]): DeviceOption {
  const device = devices.find(({ systemDefault }) => systemDefault);
  return { value: systemOption, label: device ? m.audio_system({ name: device.name }) : m.audio_system_none() };
}

function present(device: Device): DeviceOption {
  return { value: device.id, label: device.name };
}

function away(choice: DeviceChoice, devices: Device[]): DeviceOption[] {
  if (choice.kind !== 'device' || devices.some(({ id }) => id === choice.id)) return [];
  return [{ value: choice.id, label: m.audio_unplugged({ name: choice.name }) }];
}
