import { formatTag } from '../../i18n/locale.svelte';

/** The countries whose way to dial the server knows (ISO 3166-1). */
const codes = [
  ...['AT', 'AU', 'BE', 'BG', 'CA', 'CH', 'CY', 'CZ', 'DE', 'DK', 'EE', 'ES', 'FI', 'FR', 'GB', 'GR', 'HR', 'HU'],
  ...['IE', 'IS', 'IT', 'LT', 'LU', 'LV', 'MT', 'NL', 'NO', 'NZ', 'PL', 'PT', 'RO', 'SE', 'SI', 'SK', 'US'],
];

/** A country by its name in the language of the page. */
export function countryName(code: string): string {
  try {
    return new Intl.DisplayNames(formatTag(), { type: 'region' }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** The countries to choose among, by name; one that is set and not among them stays to be seen. */
export function countryOptions(set?: string): { value: string; label: string }[] {
  const all = set === undefined || set === '' || codes.includes(set) ? codes : [...codes, set];
  return all
    .map((value) => ({ value, label: countryName(value) }))
    .sort((a, b) => a.label.localeCompare(b.label, formatTag()));
}

/** The time zones that the browser knows, to be found while typing. */
export const timeZones: readonly string[] = Intl.supportedValuesOf('timeZone');
