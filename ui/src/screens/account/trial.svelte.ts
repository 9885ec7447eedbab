import type { AccountDraft, AccountTest, Problem } from '../../contract';
import type { Phone } from '../../state/phone.svelte';

type Stage =
  | { kind: 'typing' }
  | { kind: 'trying'; sinceRevision: number; draft: AccountDraft }
  | { kind: 'failed'; problem: Problem };

/** Tries a draft at its server before it is kept. */
export class Trial {
  stage = $state.raw<Stage>({ kind: 'typing' });
  readonly #phone: Phone;

  constructor(phone: Phone) {
    this.#phone = phone;
  }

  get problem(): Problem | undefined {
    return this.stage.kind === 'failed' ? this.stage.problem : undefined;
  }

  start(draft: AccountDraft): void {
    this.stage = { kind: 'trying', sinceRevision: this.#phone.view.revision, draft };
    this.#phone.send({ type: 'testAccount', account: draft });
  }

  fail(problem: Problem): void {
    this.stage = { kind: 'failed', problem };
  }

  stop(): void {
    if (this.stage.kind === 'trying') this.#phone.send({ type: 'cancelAccountTest' });
    this.stage = { kind: 'typing' };
  }

  /** Takes the newest result in; the draft that passed, when it has. A result from before the start is another draft's. */
  take(test: AccountTest | null, revision: number): AccountDraft | undefined {
    const stage = this.stage;
    if (stage.kind !== 'trying' || revision <= stage.sinceRevision || !test) return undefined;
    if (test.state === 'failed') this.#finish({ kind: 'failed', problem: test.problem });
    if (test.state !== 'passed') return undefined;
    this.#finish({ kind: 'typing' });
    return stage.draft;
  }

  #finish(stage: Stage): void {
    this.stage = stage;
    this.#phone.send({ type: 'cancelAccountTest' });
  }
}
