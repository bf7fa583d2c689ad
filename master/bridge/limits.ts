/** Bounds of the bridge. */

/** How often the detector looks, milliseconds: what a detection may be late. */
export const TICK_MS = 100;

/** A timer may be this late before it counts as a stall of the master, milliseconds. */
export const STALL_SLACK_MS = 50;

/** After its own start the master waits this long for agents to come back before it calls them gone, milliseconds: their longest wait between two tries, and the time of one. */
export const RECONNECT_GRACE_MS = 12_000;

/** A published set that no report confirms is published again after this, milliseconds, then after twice as long, and so on. */
export const CONFIRM_WITHIN_MS = 10_000;
export const CONFIRM_WITHIN_MAX_MS = 300_000;

/** Devices that wait for their answer to a join request; more are told to try again. */
export const MAX_PENDING_JOINS = 16;

/** A name whose credential was issued less than this ago, milliseconds, and not used yet, is not given to another device. */
export const JOIN_HOLD_MS = 60_000;

/** A stream that ends by itself (no follow) and brings nothing for this long is given up, milliseconds. */
export const STREAM_IDLE_MS = 30_000;

/** A device's clock may differ this much from the master's, milliseconds: more than a report takes on a bad link, less than tokens and certificates forgive. */
export const CLOCK_SKEW_MS_MAX = 30_000;

/** Tries to write what a node said, while the store refuses. */
export const WRITE_BACKOFF = { baseMs: 50, capMs: 5000, factor: 2, jitter: 0.2 } as const;

/** A lost compare-and-set is tried again on the newer object after this, milliseconds: the view is that far behind at most. */
export const CONFLICT_RETRY_MS = 20;
