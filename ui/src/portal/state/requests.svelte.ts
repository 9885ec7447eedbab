import { createContext } from 'svelte';
import type { ApiProblem, ChangeRequest, ChangeRequestAnswer } from '../../contract';
import { problemOf } from '../problem';
import { Listing, startsAnew } from './list.svelte';
import type { Session } from './session.svelte';

/** What users ask of the administrators, as it stands now. */
export class RequestBox {
  readonly list = new Listing<ChangeRequest>();
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  /** How many wait for an answer. */
  get open(): number {
    return this.waiting.length;
  }
  get waiting(): ChangeRequest[] {
    return this.list.items.filter((request) => request.state.kind === 'open').sort((a, b) => b.at - a.at);
  }
  get settled(): ChangeRequest[] {
    return this.list.items.filter((request) => request.state.kind !== 'open').sort((a, b) => b.at - a.at);
  }

  /** Keeps the list up to date until the returned function is called. */
  follow(): () => void {
    void this.load();
    return this.#session.events.on((event) => {
      if (startsAnew(event)) void this.load();
      if (event.kind.kind === 'changeRequest') this.list.put(event.kind.request, (request) => request.id);
    });
  }

  load(): Promise<void> {
    return this.list.load(() => this.#session.api.requests());
  }

  /** Answers a request; what the server refused comes back. */
  async answer(id: number, answer: ChangeRequestAnswer): Promise<ApiProblem | undefined> {
    try {
      this.list.put(await this.#session.api.answerRequest(id, answer), (request) => request.id);
      return undefined;
    } catch (thrown) {
      const problem = problemOf(thrown);
      if (problem.code === 'requestSettled') await this.load();
      return problem;
    }
  }
}

export const [useRequests, provideRequests] = createContext<RequestBox>();
