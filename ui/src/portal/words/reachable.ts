import type { ReachableNumber } from '../../contract';
import { m } from '../../paraglide/messages';

/** Numbers as they are typed in one field: `mobile 06 1234 5678, 020 123 4567`. */
export function numbersTyped(typed: string): ReachableNumber[] {
  return typed
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => {
      const [, label = '', number = ''] = /^([^\d+(]*)(.*)$/u.exec(part) ?? [];
      return { label: label.trim() || m.user_number_mobile(), number: number.trim() };
    })
    .filter(({ number }) => number !== '');
}

/** The same, to be typed on. */
export function numbersWritten(numbers: readonly ReachableNumber[]): string {
  return numbers.map(({ label, number }) => `${label} ${number}`.trim()).join(', ');
}
