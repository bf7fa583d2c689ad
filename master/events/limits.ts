/** Bounds of event recording. */

/** Different events waiting to be written; further ones are dropped, for events only tell what objects show anyway. */
export const MAX_PENDING_EVENTS = 2000;

/** Events written at once: few, so that they never crowd out the writes that they tell about. */
export const CONCURRENT_EVENT_WRITES = 4;

/** Characters of a message, as Kubernetes keeps them. */
export const MAX_MESSAGE_CHARS = 1024;

/** Tries of one event before it is given up. */
export const MAX_EVENT_TRIES = 5;

export const EVENT_BACKOFF = { baseMs: 50, capMs: 5000, factor: 3, jitter: 0.2 } as const;
