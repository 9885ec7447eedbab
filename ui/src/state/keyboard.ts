/** What a key asks for, wherever the focus is. */
export type KeyAction =
  | { kind: 'dialField' }
  | { kind: 'type'; text: string }
  | { kind: 'tab'; tab: 'calls' | 'settings' }
  | { kind: 'mute' | 'hold' | 'transfer' | 'swap' | 'answer' | 'decline' | 'region' | 'escape' }
  | { kind: 'digit'; digit: string };

/** What the meaning of a key depends on. */
export interface KeyContext {
  mac: boolean;
  /** The focus is in a field that takes text. */
  inField: boolean;
  /** A sheet is open and keeps the keyboard. */
  inSheet: boolean;
  /** A call is on the screen and takes digits. */
  inCall: boolean;
  /** The list of calls is on the screen. */
  onCallsPage: boolean;
}

type Key = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

const withControlShift: Record<string, KeyAction> = {
  KeyM: { kind: 'mute' },
  KeyH: { kind: 'hold' },
  KeyT: { kind: 'transfer' },
  KeyS: { kind: 'swap' },
  F9: { kind: 'answer' },
  F10: { kind: 'decline' },
  F11: { kind: 'mute' },
  F12: { kind: 'hold' },
};

// The numbers belong to the four pages of the phone, so they stay when the other two come.
const withControl: Record<string, KeyAction> = {
  KeyK: { kind: 'dialField' },
  Digit1: { kind: 'tab', tab: 'calls' },
  Digit4: { kind: 'tab', tab: 'settings' },
};

/** What `key` asks for, or nothing where it is the focused element's own. */
export function keyAction(key: Key, context: KeyContext): KeyAction | undefined {
  // Ctrl Alt is AltGr, which types á and €.
  if (key.altKey) return undefined;
  const control = context.mac ? key.metaKey : key.ctrlKey;
  if (control) return controlAction(key, context);
  if (key.ctrlKey || key.metaKey) return undefined;
  if (key.key === 'F6') return { kind: 'region' };
  if (key.key === 'Escape') return { kind: 'escape' };
  if (context.inField || context.inSheet) return undefined;
  return typed(key.key, context);
}

function controlAction(key: Key, context: KeyContext): KeyAction | undefined {
  if (key.shiftKey) return withControlShift[key.code];
  return context.inSheet ? undefined : withControl[key.code];
}

function typed(text: string, context: KeyContext): KeyAction | undefined {
  if (context.inCall && /^[0-9*#]$/u.test(text)) return { kind: 'digit', digit: text };
  const starts = /^[\p{L}\p{N}+*#]$/u.test(text);
  return context.onCallsPage && starts ? { kind: 'type', text } : undefined;
}
