import { createContext } from 'svelte';
import type { AccountId, HistoryId } from '../contract';

export type Tab = 'calls' | 'settings';

/** A page of the settings. */
export type SettingsPage =
  | { kind: 'accounts' }
  | { kind: 'addAccount' }
  | { kind: 'editAccount'; id: AccountId }
  | { kind: 'logIn' }
  | { kind: 'server' }
  | { kind: 'telephony' }
  | { kind: 'audio'; from?: 'telephony' }
  | { kind: 'display' }
  | { kind: 'about' };

/** What lies over a call. */
export type CallSheet = 'transfer' | 'quality' | 'audio';

/** What lies over the window and belongs to no call. */
export type Panel = 'dnd' | 'availability';

/** Where in the window the user is. */
export class Place {
  tab = $state<Tab>('calls');
  /** The call of the history that is looked at. */
  entry = $state<HistoryId>();
  /** The page that says why the phones rang or did not in that call. */
  why = $state(false);
  page = $state<SettingsPage>();
  /** The call was put aside to do something else; a strip leads back to it. */
  callAside = $state(false);
  sheet = $state<CallSheet>();
  panel = $state<Panel>();
  /** How many sheets are open; what is below them stays as it is meanwhile. */
  openSheets = $state(0);
  /** The keys for tones are shown in the call. */
  tones = $state(false);

  /** Another call has the screen now: nothing of the former one stays open. */
  faceCall(): void {
    this.callAside = false;
    this.sheet = undefined;
    this.tones = false;
  }

  show(tab: Tab): void {
    this.tab = tab;
    this.callAside = true;
  }

  openEntry(id: HistoryId): void {
    this.tab = 'calls';
    this.entry = id;
    this.why = false;
    this.callAside = true;
  }

  openPage(page: SettingsPage): void {
    this.tab = 'settings';
    this.page = page;
    this.callAside = true;
  }

  /** One step back from a detail to its list. */
  back(): void {
    if (this.tab === 'calls' && this.why) this.why = false;
    else if (this.tab === 'calls') this.entry = undefined;
    else if (this.page?.kind === 'addAccount' || this.page?.kind === 'editAccount') this.page = { kind: 'accounts' };
    else if (this.page?.kind === 'audio' && this.page.from) this.page = { kind: this.page.from };
    else this.page = undefined;
  }
}

export const [usePlace, providePlace] = createContext<Place>();
