import { createContext, tick } from 'svelte';
import type { LookUp } from '../contract';
import type { Phone } from './phone.svelte';

/** The dial field: what was typed, and what the phone says it means. */
export class Dial {
  text = $state('');
  keypad = $state(false);
  input = $state<HTMLInputElement>();
  readonly #phone: Phone;

  constructor(phone: Phone) {
    this.#phone = phone;
  }

  /** The phone's answer to what stands in the field, not to what stood there before. */
  get answer(): LookUp | undefined {
    const { lookUp } = this.#phone.view;
    return this.text !== '' && lookUp.text === this.text ? lookUp : undefined;
  }

  change(text: string): void {
    this.text = text;
    this.#phone.send({ type: 'lookUp', text });
  }

  append(text: string): void {
    this.change(this.text + text);
  }

  deleteLast(): void {
    this.change(this.text.slice(0, -1));
  }

  clear(): void {
    this.change('');
  }

  call(target: string = this.text): void {
    if (target.trim() === '') return;
    this.#phone.send({ type: 'dial', target });
    this.clear();
    this.keypad = false;
  }

  async focus(): Promise<void> {
    await tick();
    this.input?.focus();
  }
}

export const [useDial, provideDial] = createContext<Dial>();
