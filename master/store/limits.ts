/** The store's bounds, each with its reason and with what happens at it. */

/** Writes in one commit. More than this wait for the next one: a commit's latency is every waiting writer's latency. */
export const COMMIT_WRITES_MAX = 256;

/** Characters of keys and values in one commit, so that one batch stays small beside 1 GB of memory. A larger write goes alone. */
export const COMMIT_CHARS_MAX = 4 * 1024 * 1024;

/** Writes that wait for their commit. At the bound a write is refused with StoreUnavailableError: the medium cannot keep up. */
export const WAITING_WRITES_MAX = 10_000;

/** Characters of keys and values that wait for their commit; refused beyond, as above. */
export const WAITING_CHARS_MAX = 32 * 1024 * 1024;

/** Entries or events that one question to the engine answers; longer lists are asked for page by page, so that writes come between. */
export const PAGE_ENTRIES_MAX = 500;

/** Characters after which a page ends early: copying a page between threads must not hold up the event loop. */
export const PAGE_CHARS_MAX = 1024 * 1024;

/** Events that wait for one slow reader of a watch. Beyond, they are dropped and read again from the database. */
export const WATCH_EVENTS_MAX = 1_000;

/** Characters that wait for one slow reader of a watch; beyond, as above. */
export const WATCH_CHARS_MAX = 4 * 1024 * 1024;

/** Times that a long list without a revision of its own starts again because compaction overtook it; then CompactedError. */
export const LIST_RESTARTS_MAX = 3;

/** Revisions that one transaction of a compaction removes, so that writes wait for it briefly. */
export const COMPACTION_STEP_REVISIONS = 1_000;
