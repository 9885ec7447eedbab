import { createContext, tick } from 'svelte';
import type { LookUp } from '../contract';
import { offWords } from '../i18n/locks';
import { obstacle } from './making';
import type { Phone } from './phone.svelte';

/** The dial field: what was typed, and what the phone says it means. */
export class Dial {
  text = $state('');
  keypad = $state(false);
  /** The field takes text although making calls is off: an emergency number may be meant. */
  editing = $state(false);
  /** The next call hides who calls. */
  withhold = $state(false);
  /** How often nobody was called because making calls is off. */
  refusals = $state(0);
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
    if (text === '') this.withhold = false;
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

  /** Calls `target`, unless making calls is off: then it says so and leaves the text. */
  call(target: string = this.text): void {
    if (target.trim() === '') return;
    if (obstacle(this.#phone.view, target) === 'off') return this.refuse();
    this.#phone.send({ type: 'dial', target, ...(this.withhold ? { withhold: true } : {}) });
    this.clear();
    this.keypad = false;
  }

  /** Tells why nobody is called: in words to readers, and on the screen by whoever shows the note. */
  refuse(): void {
    const { view, now } = this.#phone;
    if (!view.server) return;
    const { who, rest } = offWords(view.server, now, view.emergencyNumbers);
    this.refusals += 1;
    this.#phone.say([who, ...rest].join(' '));
  }

  async focus(): Promise<void> {
    this.editing = true;
    await tick();
    this.input?.focus();
  }
}

export const [useDial, provideDial] = createContext<Dial>();
