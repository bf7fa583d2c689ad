/** Bounds of the command, each with its reason. */

/** Objects asked for at once, as kubectl does: a page of this size stays under a megabyte. */
export const LIST_CHUNK = 500;

/** Without an answer for this long the server counts as unreachable, milliseconds; a Pi under load answers in well under ten seconds. */
export const ANSWER_TIMEOUT_MS = 30_000;

/** Time to open a connection, milliseconds: several TCP retransmissions on a bad link. */
export const CONNECT_TIMEOUT_MS = 10_000;

/** Largest JSON answer that is read, bytes: 500 objects of the largest size that the API takes would not fit, all real lists do. */
export const ANSWER_BYTES_MAX = 256 * 1024 * 1024;

/** Largest single line of a watch, bytes: one object. */
export const WATCH_LINE_BYTES_MAX = 16 * 1024 * 1024;

/** Pause before a watch that broke off is opened again, milliseconds. */
export const WATCH_RETRY_MS = 500;

/** Logs followed at once, as kubectl's default. */
export const LOG_STREAMS_MAX = 5;

/** How often apply reads again after somebody else wrote in between, as kubectl. */
export const APPLY_RETRIES = 5;

/** Pause before an eviction that a disruption budget forbade is tried again, milliseconds, as kubectl. */
export const EVICTION_RETRY_MS = 5000;

/** Longest time for the supervisor to answer, milliseconds: it may first wait for a process to end. */
export const CONTROL_TIMEOUT_MS = 15_000;

/** Longest time for the local engine to list its containers, milliseconds; a loaded one takes seconds. */
export const ENGINE_TIMEOUT_MS = 5000;

/** Pause between two looks at the containers during a drill, milliseconds: often enough to see what runs twice, cheap for the engine. */
export const DRILL_POLL_MS = 250;
