import type { CannotBeToldCause, DndPanel, Receipt, Timestamp } from '../contract';
import type { IconName } from '../icons/lucide';
import { m } from '../paraglide/messages';
import { clockSeconds, untilWords } from './dates';

/** What one device made of Do Not Disturb: a word, a line that explains it, and how it looks. */
export interface ReceiptWords {
  chip: string;
  caption: string;
  icon: IconName;
  tone: 'dnd' | 'ok' | 'warn' | 'bad' | '';
}

/** What `receipt` says while Do Not Disturb is on or off. */
export function receiptWords({ state }: Receipt, on: boolean): ReceiptWords {
  const done = on ? 'dnd' : 'ok';
  switch (state.kind) {
    case 'applied':
      return {
        chip: on ? m.receipt_silent() : m.receipt_rings_again(),
        caption: m.receipt_confirmed({ time: clockSeconds(state.at) }),
        icon: 'check',
        tone: done,
      };
    case 'pending':
      return {
        chip: m.receipt_told(),
        caption: m.receipt_sent({ time: clockSeconds(state.since) }),
        icon: 'ellipsis',
        tone: '',
      };
    case 'paused':
      return on
        ? { chip: m.receipt_paused(), caption: m.receipt_paused_why(), icon: 'pause', tone: 'dnd' }
        : { chip: m.receipt_active(), caption: '', icon: 'check', tone: 'ok' };
    case 'stillRings': {
      const { because } = state;
      const caption =
        because.kind === 'sharedWith' ? m.receipt_shared({ name: because.name }) : m.receipt_still_unknown();
      return { chip: m.receipt_still_rings(), caption, icon: 'bell-ring', tone: 'warn' };
    }
    case 'cannotBeTold':
      return {
        chip: m.receipt_untold(),
        caption: on ? untold(state.problem) : m.receipt_untold_off(),
        icon: 'circle-alert',
        tone: 'bad',
      };
    case 'unknown':
      return { chip: m.receipt_unknown(), caption: '', icon: 'info', tone: '' };
  }
}

function untold(problem: CannotBeToldCause): string {
  const words = {
    notSupported: m.receipt_not_supported,
    notRegistered: m.receipt_not_registered,
    noAnswer: m.receipt_no_answer,
    refused: m.receipt_refused,
    unknown: m.receipt_no_answer,
  };
  return (words[problem] ?? words.unknown)();
}

/** How long Do Not Disturb lasts, as a note says it. */
export function dndNote({ on, until, pending }: DndPanel, now: Timestamp): string {
  if (pending) return on ? m.dnd_note_pending_on() : m.dnd_note_pending_off();
  return until === undefined ? m.dnd_note() : m.dnd_note_until({ time: untilWords(until, now) });
}
