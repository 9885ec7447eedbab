import { createContext } from 'svelte';

/** How close the rows of tables are. */
export type Density = 'comfortable' | 'compact';
/** Light, dark, or as the system. */
export type Look = 'system' | 'light' | 'dark';

const densityKey = 'bellbird.density';
const themeKey = 'bellbird.theme';

/** How the portal looks in this browser. */
export class Appearance {
  #density = $state<Density>(localStorage.getItem(densityKey) === 'compact' ? 'compact' : 'comfortable');
  #theme = $state<Look>(lookOf(localStorage.getItem(themeKey)));

  get density(): Density {
    return this.#density;
  }
  set density(density: Density) {
    this.#density = density;
    localStorage.setItem(densityKey, density);
  }
  get theme(): Look {
    return this.#theme;
  }
  set theme(theme: Look) {
    this.#theme = theme;
    localStorage.setItem(themeKey, theme);
  }
}

function lookOf(kept: string | null): Look {
  return kept === 'light' || kept === 'dark' ? kept : 'system';
}

export const [useAppearance, provideAppearance] = createContext<Appearance>();
