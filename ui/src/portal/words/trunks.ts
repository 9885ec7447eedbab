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

/** What came of asking a trunk whether it is there. */
export function testWords({ outcome, status, millis }: TrunkTest): string {
  switch (outcome) {
    case 'works':
      return m.trunk_test_works({ millis: millis ?? 0 });
    case 'off':
      return m.trunk_test_off();
    case 'noPassword':
      return m.trunk_test_no_password();
    case 'wrongPassword':
      return m.trunk_test_wrong_password();
    case 'refused':
      return m.trunk_test_refused({ status: status ?? '' });
    case 'trouble':
      return m.trunk_test_trouble({ status: status ?? '' });
    case 'noAnswer':
      return m.trunk_test_no_answer();
    case 'unknownHost':
      return m.trunk_test_unknown_host();
    case 'noConnection':
    case 'unknown':
      return m.trunk_test_no_connection();
  }
}
