import type { ApiProblem, ServerEvent } from '../../contract';
import { problemOf } from '../problem';

/** A list from the server that is kept up to date. */
export class Listing<Item> {
  items = $state.raw<Item[]>([]);
  problem = $state.raw<ApiProblem>();
  loaded = $state(false);
  #newest = 0;

  /** Asks for the list; of several answers the one to the newest question counts. */
  async load(ask: () => Promise<Item[]>): Promise<void> {
    const question = (this.#newest += 1);
    try {
      const items = await ask();
      if (question !== this.#newest) return;
      this.items = items;
      this.problem = undefined;
      this.loaded = true;
    } catch (thrown) {
      if (question === this.#newest) this.problem = problemOf(thrown);
    }
  }

  /** Puts `item` in the place of the one with the same key, or at the end. */
  put(item: Item, key: (item: Item) => unknown): void {
    const there = this.items.findIndex((other) => key(other) === key(item));
    this.items = there < 0 ? [...this.items, item] : this.items.with(there, item);
  }

  remove(gone: (item: Item) => boolean): void {
    this.items = this.items.filter((item) => !gone(item));
  }
}

/** Whether lists have to be asked for again: events were missed. */
export function startsAnew(event: ServerEvent): boolean {
  return event.kind.kind === 'snapshot';
}
