import type { CallId, CallView } from '../contract';
import { partyName, stateWord } from '../i18n/calls';
import { inWords } from '../i18n/problems';
import { m } from '../paraglide/messages';

/** What is said of a call, kept to tell what changed. */
export interface Said {
  state: string;
  muted: boolean;
  problem: string;
}

/** What readers hear about a call that rings here. */
export function ringSentence(call: CallView): string {
  const name = partyName(call.party);
  return call.calledFor ? m.incoming_from_for({ name, target: partyName(call.calledFor) }) : m.incoming_from({ name });
}

/** How each call stands in words; a ringing one has its own, louder sentence. */
export function sayings(calls: readonly CallView[]): Map<CallId, Said> {
  return new Map(calls.filter((call) => call.state.kind !== 'incoming').map((call) => [call.id, saying(call)]));
}

/** What is different from before, as sentences, and nothing for what stays as it was. */
export function changes(before: Map<CallId, Said>, after: Map<CallId, Said>): string[] {
  return [...after].flatMap(([id, now]) => {
    const then = before.get(id);
    return [
      ...(now.state !== then?.state ? [now.state] : []),
      ...(now.problem && now.problem !== then?.problem ? [now.problem] : []),
      ...(then && now.muted !== then.muted ? [now.muted ? m.said_muted() : m.said_unmuted()] : []),
    ];
  });
}

function saying(call: CallView): Said {
  const problem = call.state.kind === 'ended' ? call.state.problem : call.problem;
  return {
    state: m.said_state({ name: partyName(call.party), state: stateWord(call) }),
    muted: call.muted,
    problem: problem ? inWords(problem) : '',
  };
}
