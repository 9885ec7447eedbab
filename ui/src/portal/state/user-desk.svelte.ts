import type {
  ApiProblem,
  Author,
  Availability,
  Role,
  ServerEvent,
  Telephony,
  UserDetail,
  UserId,
} from '../../contract';
import { m } from '../../paraglide/messages';
import type { UserEdit } from '../api';
import { problemOf } from '../problem';
import { Editor } from './editor.svelte';
import { startsAnew } from './list.svelte';
import type { Session } from './session.svelte';

/** Where a user's page comes from and what it does: somebody else's, or one's own. */
export interface DeskSource {
  load: () => Promise<UserDetail>;
  write: (seen: UserDetail, edit: UserEdit) => Promise<UserDetail>;
  setAvailability: (availability: Availability) => Promise<unknown>;
  setDnd: (on: boolean) => Promise<unknown>;
  revokeClient: (client: string) => Promise<unknown>;
  /** What of the events is about this user. */
  hears: (event: ServerEvent) => boolean;
}

/** A user's page for administrators. */
export function deskOf(session: Session, id: number): UserDesk {
  const { api } = session;
  const about = ({ kind }: ServerEvent): boolean => {
    if (kind.kind === 'userChanged') return kind.user.id === id;
    // Do not disturb and availability come as presence.
    if (kind.kind === 'presence') return kind.colleagues.some((colleague) => colleague.id === id);
    return kind.kind === 'accountChanged' || kind.kind === 'numberChanged';
  };
  return new UserDesk(session, id, {
    load: () => api.user(id),
    write: (seen, edit) => api.changeUser(id, seen.user.revision, edit),
    setAvailability: (availability) => api.setAvailability(id, availability),
    setDnd: (on) => api.setDnd(id, on),
    revokeClient: (client) => api.revokeClient(id, client),
    hears: about,
  });
}

const own = ['me', 'settings', 'dnd', 'availability', 'telephony', 'accountChanged', 'changeRequest'];

/** One's own page: members edit it as far as it is theirs. */
export function ownDesk(session: Session, me: UserId): UserDesk {
  const { api } = session;
  return new UserDesk(session, me, {
    load: () => api.profile(),
    write: async (seen, edit) => {
      session.know(await api.changeMe(seen.user.revision, edit));
      return api.profile();
    },
    setAvailability: (availability) => api.setOwnAvailability(availability),
    setDnd: (on) => api.setOwnDnd(on),
    revokeClient: (client) => api.revokeOwnClient(client),
    hears: ({ kind }) => own.includes(kind.kind),
  });
}

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
    readonly source: DeskSource,
  ) {
    this.editor = new Editor({
      load: source.load,
      write: source.write,
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
      if (startsAnew(event) || this.source.hears(event)) void this.load();
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
      this.detail = await this.source.load();
      this.problem = undefined;
    } catch (thrown) {
      this.problem = problemOf(thrown);
    }
  };

  /** The role of whoever looks at this page. */
  get role(): Role {
    const { standing } = this.session;
    return standing.kind === 'in' ? standing.me.role : 'unknown';
  }

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
