import type { ApiProblem, Author, Telephony, UserDetail } from '../../contract';
import { m } from '../../paraglide/messages';
import type { UserEdit } from '../api';
import { problemOf } from '../problem';
import { Editor } from './editor.svelte';
import { startsAnew } from './list.svelte';
import type { Session } from './session.svelte';

/** A user's page: the user as it stands, who else looks at it, and the ways to change it. */
export class UserDesk {
  detail = $state.raw<UserDetail>();
  problem = $state.raw<ApiProblem>();
  viewers = $state.raw<Author[]>([]);
  gone = $state(false);
  readonly editor: Editor<UserDetail, UserEdit>;

  constructor(
    readonly session: Session,
    readonly id: number,
  ) {
    this.editor = new Editor({
      load: () => session.api.user(id),
      write: (seen, edit) => session.api.changeUser(id, seen.user.revision, edit),
      take: (now) => (this.detail = now),
    });
  }

  /** Keeps the page up to date, and tells others that we look at it, until the returned function is called. */
  follow(): () => void {
    const { events } = this.session;
    void this.load();
    events.look(this.id);
    const off = events.on((event) => {
      const { kind } = event;
      if (startsAnew(event) || (kind.kind === 'userChanged' && kind.user.id === this.id)) void this.load();
      // Do not disturb and availability come as presence.
      if (kind.kind === 'presence' && kind.colleagues.some(({ id }) => id === this.id)) void this.load();
      if (kind.kind === 'accountChanged' || kind.kind === 'numberChanged') void this.load();
      if (kind.kind === 'looking' && kind.user === this.id) this.viewers = kind.viewers;
      if (kind.kind === 'userDeleted' && kind.user === this.id) this.gone = true;
    });
    return () => {
      off();
      events.look(undefined);
    };
  }

  load = async (): Promise<void> => {
    try {
      this.detail = await this.session.api.user(this.id);
      this.problem = undefined;
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  };

  /** Writes one value of the user. */
  set(
    seen: UserDetail,
    label: string,
    mine: string,
    read: (user: UserDetail) => string,
    make: (user: UserDetail) => UserEdit,
  ): Promise<boolean> {
    return this.editor.save(seen, { label, mine, read, make });
  }

  /** Turns one switch of the telephony. */
  turn(label: string, key: 'callsFromUserAccount' | 'callWaiting' | 'autoAnswer', on: boolean): void {
    if (!this.detail) return;
    const word = (value: boolean): string => (value ? m.on() : m.off());
    void this.set(
      this.detail,
      label,
      word(on),
      (user) => word(user.telephony[key]),
      (user) => ({ telephony: { ...user.telephony, [key]: on } }),
    );
  }

  /** Writes one part of the telephony; the other parts stay as they are there. */
  tele(
    seen: UserDetail,
    label: string,
    words: (phone: Telephony) => string,
    change: (phone: Telephony) => Telephony,
  ): Promise<boolean> {
    return this.set(
      seen,
      label,
      words(change(seen.telephony)),
      (user) => words(user.telephony),
      (user) => ({ telephony: change(user.telephony) }),
    );
  }

  /** Does something else to the user, and shows what came of it. */
  async act(what: () => Promise<unknown>): Promise<boolean> {
    this.editor.forget();
    try {
      await what();
      await this.load();
      return true;
    } catch (thrown) {
      this.editor.problem = problemOf(thrown);
      return false;
    }
  }
}
