import type { Language } from '../contract';
import { overwriteGetLocale, type Locale } from '../paraglide/runtime';

// Messages ask for the locale when they are said, and it is a rune: a change of language redraws every sentence.
let current = $state<Locale>('en');
overwriteGetLocale(() => current);

/** The language that is shown now. */
export function locale(): Locale {
  return current;
}

/** The tag for dates and numbers: both languages as they are written in Europe. */
export function formatTag(): string {
  return current === 'nl' ? 'nl-NL' : 'en-GB';
}

/** Shows `language`, or the first of the system's languages that Bellbird speaks. */
export function speak(language: Language, system: readonly string[] = navigator.languages): void {
  current = language === 'nl' || language === 'en' ? language : systemLocale(system);
  document.documentElement.lang = current;
}

function systemLocale(system: readonly string[]): Locale {
  for (const tag of system) {
    const primary = tag.toLowerCase().split('-')[0];
    if (primary === 'nl' || primary === 'en') return primary;
  }
  return 'en';
}
