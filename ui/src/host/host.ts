import type { Command, Levels, PhoneView } from '../contract';

/** Stops what it was handed out for. */
export type Stop = () => void;

/**
 * The one seam between the UI and the phone behind it. Commands go in; whole views come back, the levels apart from
 * them because they come 20 times a second. The UI asks for the state once when it mounts.
 */
export interface Host {
  state(): Promise<PhoneView>;
  command(command: Command): Promise<void>;
  onView(listener: (view: PhoneView) => void): Stop;
  onLevels(listener: (levels: Levels) => void): Stop;
}
