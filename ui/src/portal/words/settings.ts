import type { AuditSubject, CallMethod, Mode, Warning } from '../../contract';
import { formatTag } from '../../i18n/locale.svelte';
import { m } from '../../paraglide/messages';
import type { Mixed } from '../state/settings-draft';
import { methodName, methods, modes, modeName, modeWord } from './names';

/** `individually (3), enabled (1)`. */
export function countsInWords<Value>(values: Mixed<Value>, word: (value: Value) => string): string {
  return values.same
    ? word(values.value)
    : values.counts.map(([value, count]) => `${word(value)} (${count})`).join(', ');
}

/** A value of a call setting as it stands in a dry run or in the audit, as people say it. */
export function settingWord(what: AuditSubject, value: string): string {
  if (what === 'permission') return value === 'true' ? m.yes() : value === 'false' ? m.no() : value;
  if ((modes as readonly string[]).includes(value)) return modeName(value as Mode);
  if ((methods as readonly string[]).includes(value)) return methodName(value as CallMethod);
  if (value === 'true') return m.on();
  return value === 'false' ? m.off() : value;
}

/** What a mode is called where several are counted. */
export const countedMode = (mode: Mode): string => modeWord(mode);

/** What to think about before a change. */
function warningWords(warning: Warning): string {
  switch (warning.kind) {
    case 'unreachable':
      return m.warning_unreachable({ name: warning.user.name });
    case 'numberWithoutPhone':
      return m.warning_number({ number: warning.number, count: warning.callsADay });
    case 'methodNotPossible':
      return warning.method === 'mobile'
        ? m.warning_method_mobile({ name: warning.user.name })
        : m.warning_method_desk({ name: warning.user.name });
    case 'unknown':
      return m.warning_other();
  }
}

/** `1 change`, `4 changes`. */
export function changeCount(count: number): string {
  return count === 1 ? m.settings_one_change() : m.settings_changes({ count });
}

/** `1 person`, `4 people`. */
export function peopleCount(count: number): string {
  return count === 1 ? m.settings_one_person() : m.panel_people({ count });
}

/** What to think about, with everybody who becomes unreachable in one sentence. */
export function warningLines(warnings: readonly Warning[]): string[] {
  const names = warnings.flatMap((warning) => (warning.kind === 'unreachable' ? [warning.user.name] : []));
  if (names.length < 2) return warnings.map(warningWords);
  const others = warnings.filter((warning) => warning.kind !== 'unreachable');
  const list = new Intl.ListFormat(formatTag(), { type: 'conjunction' }).format(names);
  return [m.warning_unreachable_all({ names: list }), ...others.map(warningWords)];
}
