import type {
  AdminChange,
  BulkEdit,
  CallMethod,
  IncomingDocument,
  Mode,
  OutgoingDocument,
  Stamp,
  UserDetail,
} from '../../contract';

/** What an administrator wants to change for the chosen users; what is left out stays as it is for each. */
export interface SettingsDraft {
  incoming?: Mode;
  outgoing?: Mode;
  callMethod?: CallMethod;
  note?: string;
  configureIncoming?: boolean;
  configureOutgoing?: boolean;
}

/** A value that somebody else wrote into what we want to write. */
export interface Overtaken {
  direction: 'incoming' | 'outgoing';
  user: UserDetail;
  stamp: Stamp;
  theirs: Mode;
  mine: Mode;
}

/** The value that all have, or how many have which. */
export type Mixed<Value> = { same: true; value: Value } | { same: false; counts: [Value, number][] };

/** What the users have, most frequent first. */
export function mixed<Value>(users: readonly UserDetail[], read: (user: UserDetail) => Value): Mixed<Value> {
  const counts = new Map<Value, number>();
  for (const user of users) counts.set(read(user), (counts.get(read(user)) ?? 0) + 1);
  const [first] = counts;
  if (first && counts.size === 1) return { same: true, value: first[0] };
  return { same: false, counts: [...counts].sort((a, b) => b[1] - a[1]) };
}

/** How the users' mode for outgoing calls will be: what the draft says, else what they have. */
export function outgoingMode(draft: SettingsDraft, users: readonly UserDetail[]): Mode | undefined {
  if (draft.outgoing) return draft.outgoing;
  const now = mixed(users, (user) => user.outgoing.mode);
  return now.same ? now.value : undefined;
}

/** The draft as changes for the server. A call method alone keeps the mode, so it needs one that all have. */
export function changesOf(draft: SettingsDraft, users: readonly UserDetail[]): AdminChange[] {
  const changes: AdminChange[] = [];
  const note = draft.note?.trim() ? { note: draft.note.trim() } : {};
  if (draft.incoming) changes.push({ what: 'incoming', mode: draft.incoming, ...note });
  const mode = outgoingMode(draft, users);
  if (mode && (draft.outgoing ?? draft.callMethod)) {
    changes.push({ what: 'outgoing', mode, ...(draft.callMethod ? { callMethod: draft.callMethod } : {}), ...note });
  }
  if (draft.configureIncoming !== undefined)
    changes.push({ what: 'permission', permission: 'configureIncoming', granted: draft.configureIncoming });
  if (draft.configureOutgoing !== undefined)
    changes.push({ what: 'permission', permission: 'configureOutgoing', granted: draft.configureOutgoing });
  return changes;
}

/**
 * The edit of all, with the revisions that were seen of the documents that it writes: nobody's write is overwritten
 * unseen, and what it does not touch stands in nobody's way.
 */
export function bulkOf(draft: SettingsDraft, users: readonly UserDetail[]): BulkEdit {
  const changes = changesOf(draft, users);
  const writes = (what: AdminChange['what']): boolean => changes.some((change) => change.what === what);
  return {
    users: users.map((user) => ({
      user: user.user.id,
      ...(writes('incoming') ? { incoming: user.incoming.revision } : {}),
      ...(writes('outgoing') ? { outgoing: user.outgoing.revision } : {}),
    })),
    changes,
  };
}

/** What others wrote since `seen` into settings that the draft is about. */
export function overtaken(draft: SettingsDraft, seen: readonly UserDetail[], now: readonly UserDetail[]): Overtaken[] {
  return now.flatMap((user) => {
    const before = seen.find((other) => other.user.id === user.user.id);
    if (!before) return [];
    const outgoing = draft.outgoing ?? (draft.callMethod ? before.outgoing.mode : undefined);
    return [
      ...written(before.incoming, user.incoming, draft.incoming).map((found) => ({
        ...found,
        direction: 'incoming' as const,
        user,
      })),
      ...written(before.outgoing, user.outgoing, outgoing).map((found) => ({
        ...found,
        direction: 'outgoing' as const,
        user,
      })),
    ];
  });
}

type Document = IncomingDocument | OutgoingDocument;

function written(
  before: Document,
  now: Document,
  mine: Mode | undefined,
): Pick<Overtaken, 'stamp' | 'theirs' | 'mine'>[] {
  return mine && now.revision !== before.revision ? [{ stamp: now.stamp, theirs: now.mode, mine }] : [];
}
