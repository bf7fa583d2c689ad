/** Bounds of the control loops. */

/** Objects of one controller that are worked on at once. */
export const CONCURRENT_KEYS = 8;

/** Writes of one plan under way at once: the store syncs writes that wait together in one go. */
export const CONCURRENT_WRITES = 64;

/** The view was behind the store: soon again, for it catches up within milliseconds. */
export const CONFLICT_BACKOFF = { baseMs: 5, capMs: 1000, factor: 2, jitter: 0.2 } as const;

/** A write was refused or failed: what refuses it (a full disk, an invalid template) seldom goes away within a second. */
export const FAILURE_BACKOFF = { baseMs: 100, capMs: 60_000, factor: 2, jitter: 0.2 } as const;

/** Pods that one plan creates or deletes for one owner; the rest follows as soon as the view shows these. */
export const MAX_PODS_PER_PLAN = 500;

/** Objects that one plan of a namespace deletes; the rest follows in the next. */
export const MAX_DELETES_PER_PLAN = 500;

/**
 * When all nodes were gone and the first comes back, the others get this long, milliseconds, before their pods move: agents
 * reconnect within a few seconds once the master's own link is back.
 */
export const OUTAGE_GRACE_MS = 10_000;

/** Ended pods that are kept for their logs; the oldest beyond go. */
export const MAX_ENDED_PODS = 500;

/** A daemon pod that failed is replaced this long, milliseconds, after it was made, so that a faulty one does not spin. */
export const FAILED_DAEMON_POD_MS = 10_000;

/** How long an event is kept, milliseconds: Kubernetes's default. */
export const EVENT_TTL_MS = 3_600_000;

/** Events in one namespace beyond which the oldest go early: some 2 MB of a small master's memory. */
export const MAX_EVENTS_PER_NAMESPACE = 2000;

/** Expired events go this many at a time, so that one busy minute is not followed by an hour of single deletions. */
export const EXPIRED_EVENTS_PER_BATCH = 50;

/** After a failed pod of a Job the next one waits: Kubernetes's ten seconds, doubled at each failure in a row, at most ten minutes. */
export const JOB_BACKOFF = { baseMs: 10_000, factor: 2, capMs: 600_000 } as const;

/** A CronJob looks at the clock this often at least, milliseconds: a timer that was set before the clock jumped would ring too late. */
export const CRON_LOOK_MS = 60_000;

/** More missed times than this are told of once, as in Kubernetes; only the latest is made up for, whatever their number. */
export const MAX_MISSED_TIMES = 100;

/** How often an autoscaler measures, milliseconds: Kubernetes's default. */
export const AUTOSCALER_PERIOD_MS = 15_000;

/** An eviction that the budget's controller never saw end is forgotten after this long, milliseconds: Kubernetes's two minutes. */
export const DISRUPTION_TIMEOUT_MS = 120_000;
