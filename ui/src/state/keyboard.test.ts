import { describe, expect, it } from 'vitest';
import { keyAction, type KeyContext } from './keyboard';

const idle: KeyContext = { mac: false, inField: false, inSheet: false, inCall: false, onCallsPage: true };

function key(
  name: string,
  code = name,
  held: Partial<Record<'ctrlKey' | 'metaKey' | 'shiftKey' | 'altKey', boolean>> = {},
) {
  return { key: name, code, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held };
}

describe('keys', () => {
  it('typing on the calls page goes into the dial field', () => {
    expect(keyAction(key('0', 'Digit0'), idle)).toEqual({ kind: 'type', text: '0' });
    expect(keyAction(key('é', 'KeyE'), idle)).toEqual({ kind: 'type', text: 'é' });
  });

  it('digits in a call are tones and letters are nothing', () => {
    const inCall = { ...idle, inCall: true, onCallsPage: false };
    expect(keyAction(key('5', 'Digit5'), inCall)).toEqual({ kind: 'digit', digit: '5' });
    expect(keyAction(key('#', 'Digit3', { shiftKey: true }), inCall)).toEqual({ kind: 'digit', digit: '#' });
    expect(keyAction(key('a', 'KeyA'), inCall)).toBeUndefined();
  });

  it('a field keeps what is typed in it', () => {
    expect(keyAction(key('5', 'Digit5'), { ...idle, inField: true, inCall: true })).toBeUndefined();
  });

  it('a sheet keeps the keyboard but for the keys of the call', () => {
    const inSheet = { ...idle, inSheet: true };
    expect(keyAction(key('k', 'KeyK', { ctrlKey: true }), inSheet)).toBeUndefined();
    expect(keyAction(key('M', 'KeyM', { ctrlKey: true, shiftKey: true }), inSheet)).toEqual({ kind: 'mute' });
    expect(keyAction(key('Escape'), inSheet)).toBeUndefined();
  });

  it('Do not disturb is turned on and off from anywhere, also from a sheet', () => {
    const held = { ctrlKey: true, shiftKey: true };
    expect(keyAction(key('D', 'KeyD', held), idle)).toEqual({ kind: 'dnd' });
    expect(keyAction(key('D', 'KeyD', held), { ...idle, inSheet: true })).toEqual({ kind: 'dnd' });
  });

  it('AltGr types characters and is no shortcut', () => {
    expect(keyAction(key('k', 'KeyK', { ctrlKey: true, altKey: true }), idle)).toBeUndefined();
  });

  it('letters count as they are printed, and by their place on a keyboard without Latin ones', () => {
    const held = { ctrlKey: true, shiftKey: true };
    expect(keyAction(key('M', 'Semicolon', held), idle)).toEqual({ kind: 'mute' });
    expect(keyAction(key('Ь', 'KeyM', held), idle)).toEqual({ kind: 'mute' });
    expect(keyAction(key('&', 'Digit1', { ctrlKey: true }), idle)).toEqual({ kind: 'tab', tab: 'calls' });
  });

  it('on a Mac the command key takes the place of control', () => {
    const mac = { ...idle, mac: true };
    expect(keyAction(key('k', 'KeyK', { metaKey: true }), mac)).toEqual({ kind: 'dialField' });
    expect(keyAction(key('k', 'KeyK', { ctrlKey: true }), mac)).toBeUndefined();
  });

  it('the pages keep their numbers while two of them are still to come', () => {
    expect(keyAction(key('1', 'Digit1', { ctrlKey: true }), idle)).toEqual({ kind: 'tab', tab: 'calls' });
    expect(keyAction(key('4', 'Digit4', { ctrlKey: true }), idle)).toEqual({ kind: 'tab', tab: 'settings' });
    expect(keyAction(key('2', 'Digit2', { ctrlKey: true }), idle)).toBeUndefined();
  });
});
