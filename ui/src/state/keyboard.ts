/** What a key asks for, wherever the focus is. */
export type KeyAction =
  | { kind: 'dialField' }
  | { kind: 'type'; text: string }
  | { kind: 'tab'; tab: 'calls' | 'settings' }
  | { kind: 'mute' | 'hold' | 'transfer' | 'swap' | 'answer' | 'decline' | 'dnd' | 'region' | 'escape' }
  | { kind: 'digit'; digit: string };

/** What the meaning of a key depends on. */
export interface KeyContext {
  mac: boolean;
  /** The focus is in a field that takes text. */
  inField: boolean;
  /** A sheet or menu is open and keeps the keyboard. */
  inSheet: boolean;
  /** A call is on the screen and takes digits. */
  inCall: boolean;
  /** The list of calls is on the screen. */
  onCallsPage: boolean;
}

type Key = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey'>;

const withControlShift: Record<string, KeyAction> = {
  M: { kind: 'mute' },
  H: { kind: 'hold' },
  T: { kind: 'transfer' },
  S: { kind: 'swap' },
  D: { kind: 'dnd' },
  F9: { kind: 'answer' },
  F10: { kind: 'decline' },
  F11: { kind: 'mute' },
  F12: { kind: 'hold' },
};

// The numbers belong to the four pages of the phone, so they stay when the other two come.
const withControl: Record<string, KeyAction> = {
  K: { kind: 'dialField' },
  1: { kind: 'tab', tab: 'calls' },
  4: { kind: 'tab', tab: 'settings' },
};

/** What `key` asks for, or nothing where it is the focused element's own. */
export function keyAction(key: Key, context: KeyContext): KeyAction | undefined {
  // Ctrl Alt is AltGr, which types á and €.
  if (key.altKey) return undefined;
  const control = context.mac ? key.metaKey : key.ctrlKey;
  if (control) return controlAction(key, context);
  if (key.ctrlKey || key.metaKey) return undefined;
  if (key.key === 'F6') return { kind: 'region' };
  if (context.inSheet) return undefined;
  if (key.key === 'Escape') return { kind: 'escape' };
  return context.inField ? undefined : typed(key.key, context);
}

function controlAction(key: Key, context: KeyContext): KeyAction | undefined {
  if (key.shiftKey) return withControlShift[nameOf(key)];
  return context.inSheet ? undefined : withControl[nameOf(key)];
}

// A letter is the one that is printed on the key; where that is not Latin, and for digits, the place of the key counts.
function nameOf({ key, code }: Key): string {
  if (code.startsWith('Digit')) return code.slice('Digit'.length);
  const latin = /^[a-z]$/iu.test(key) || !/^\p{L}$/u.test(key);
  return latin ? key.toUpperCase() : code.replace(/^Key/u, '');
}

function typed(text: string, context: KeyContext): KeyAction | undefined {
  if (context.inCall && /^[0-9*#]$/u.test(text)) return { kind: 'digit', digit: text };
  const starts = /^[\p{L}\p{N}+*#]$/u.test(text);
  return context.onCallsPage && starts ? { kind: 'type', text } : undefined;
}
