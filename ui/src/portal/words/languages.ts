import type { Language } from '../../contract';
import { m } from '../../paraglide/messages';

/** The languages that can be chosen. */
export const languages = ['system', 'nl', 'en'] as const;

/** A language by its own name. */
export function languageName(language: Language): string {
  switch (language) {
    case 'nl':
      return 'Nederlands';
    case 'en':
      return 'English';
    case 'system':
    case 'unknown':
      return m.users_language_organisation();
  }
}
