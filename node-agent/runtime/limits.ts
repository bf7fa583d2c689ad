/** Bounds of the talk with the container engine. Where one is reached, the call fails as `unreachable` unless said otherwise. */

/** For questions, milliseconds: a healthy engine answers in tens of them; a Pi that is swapping may need seconds. */
export const ASK_TIMEOUT_MS = 15_000;

/** For create, start and remove, milliseconds: unpacking and syncing on a worn SD card has been seen to take most of a minute. */
export const ACT_TIMEOUT_MS = 120_000;

/** How much longer than its grace period a stop may take, milliseconds. */
export const STOP_SLACK_MS = 30_000;

/**
 * Silence of a pull, milliseconds; one that still moves may take as long as it needs. Ends in `registry-unreachable`.
 * Longer than the 300 s after which the kernel tells Docker that a link is dead: Docker then goes on within the layer,
 * where a pull that is given up loses all layers that were not there before.
 */
export const PULL_SILENCE_MS = 360_000;

/** Longest line of a pull's progress, characters; longer ones are skipped. */
export const PULL_LINE_MAX = 64 * 1024;

/** Containers looked at side by side: more only makes a small engine slower. */
export const INSPECT_CONCURRENCY = 4;

/** Waits between tries to listen to the engine's events. */
export const EVENTS_BACKOFF = { baseMs: 250, capMs: 10_000, factor: 2, jitter: 0.2 };

/** Output that a container keeps on the card, bytes, unless the agent is told otherwise; then the older half goes. */
export const LOG_BYTES = 10 * 1024 * 1024;
/** Files among which these are shared out: fewer than two would lose all of it at once. */
export const LOG_FILES = 2;

/** Docker refuses less: "Minimum memory limit allowed is 6MB". Smaller limits are raised to it. */
export const MEMORY_LIMIT_BYTES_MIN = 6 * 1024 * 1024;

/** Wait for the start of a connection into a container, milliseconds: its network is on this device. */
export const DIAL_TIMEOUT_MS = 5000;

/** Waits between looks whether a command whose output has ended has ended too, milliseconds: mostly it has within the first. */
export const EXIT_POLL_MS = 5;
export const EXIT_POLL_MS_MAX = 1000;
