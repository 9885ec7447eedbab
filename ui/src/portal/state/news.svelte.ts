import { createContext } from 'svelte';

/** What is said once, to readers and beside the page: *Saved*, *Els changed Linda*. */
export class News {
  text = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  tell(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.text = ''), 6000);
  }

  /** Says nothing any more: what was said is none of the next one's business. */
  clear(): void {
    clearTimeout(this.#timer);
    this.text = '';
  }
}

export const [useNews, provideNews] = createContext<News>();
