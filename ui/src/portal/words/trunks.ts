import type { TrunkHealth, TrunkTest, Timestamp } from '../../contract';
import type { IconName } from '../../icons/lucide';
import { when } from '../../i18n/time';
import { m } from '../../paraglide/messages';

interface Health {
  words: string;
  icon: IconName;
  tone: 'good' | 'bad' | 'dim';
}

/** Whether calls can come and go over a trunk. */
export function healthWords(health: TrunkHealth, now: Timestamp): Health {
  switch (health.kind) {
    case 'up': {
      const words = health.millis === undefined ? m.trunk_up_since() : m.trunk_up({ millis: health.millis });
      return { words, icon: 'circle-check', tone: 'good' };
    }
    case 'down': {
      const since = when(health.since, now);
      const words =
        health.status === undefined ? m.trunk_down({ since }) : m.trunk_down_status({ since, status: health.status });
      return { words, icon: 'circle-alert', tone: 'bad' };
    }
    case 'unproven':
    case 'unknown':
      return { words: m.trunk_unproven(), icon: 'circle-minus', tone: 'dim' };
    case 'off':
      return { words: m.trunk_off(), icon: 'circle-minus', tone: 'dim' };
  }
}

/** What came of a test call. */
export function testWords({ status, ringingAfterMillis, sound }: TrunkTest): string {
  if (status === undefined) return m.trunk_test_no_answer();
  if (status >= 300) return m.trunk_test_failed({ status });
  return sound ? m.trunk_test_ok({ millis: ringingAfterMillis ?? 0 }) : m.trunk_test_silent();
}
