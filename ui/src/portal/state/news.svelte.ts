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
}

export const [useNews, provideNews] = createContext<News>();
