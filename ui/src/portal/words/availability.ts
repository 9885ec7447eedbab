import type { AvailabilityState, Timestamp } from '../../contract';
import { when } from '../../i18n/time';
import { m } from '../../paraglide/messages';

/** Whether the call plan counts on somebody, who said so and when. */
export function availabilityWords({ stamp }: AvailabilityState, now: Timestamp): string {
  // How it was from the start nobody set.
  if (!stamp.author.name) return '';
  return m.settings_set_by({ by: stamp.author.name, when: when(stamp.since, now) });
}
