import type { Obstacle } from '../../state/making';

/** The id of the note that says why nobody can be called. */
export const noteOf: Record<Obstacle, string> = { offline: 'offline', off: 'nocall' };
