/** Bounds of the HTTP edge. */

/** Largest request body, bytes, as in Kubernetes (3 MiB); a larger one is refused with 413. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Levels of objects and lists in a body, four times what any built-in type takes: walks of such a value fit on the stack. A deeper one is refused with 400. */
export const MAX_NESTING = 256;

/** Open watches at once; past it a new one is told to come back later (429). A browser or informer needs about ten. */
export const MAX_WATCHES = 2000;

/**
 * Calls of one client (user) under way at once, watches and streams not counted; past it a call is told to come back in a second
 * (429), which clients of Kubernetes do. A third of what Kubernetes lets all clients together have.
 */
export const MAX_CALLS_PER_CLIENT = 200;

/** A watch that names no time ends after this long, so that forgotten ones do not pile up, milliseconds. */
export const WATCH_TIMEOUT_MS = 45 * 60_000;

/** Between the bookmarks of a watch that asks for them, milliseconds. */
export const BOOKMARK_INTERVAL_MS = 60_000;

/** How long a list waits for a resourceVersion that the cluster has not reached, milliseconds. */
export const FUTURE_REVISION_WAIT_MS = 3000;

/** Answers smaller than this go out uncompressed, bytes; as in Kubernetes. */
export const GZIP_THRESHOLD_BYTES = 128 * 1024;

/** Time a client has for its TLS handshake, milliseconds: bounds what idle connections hold. */
export const HEADERS_TIMEOUT_MS = 20_000;

/** At the end, time for answers under way to go out, milliseconds; then connections are cut, for a client that reads nothing would hold up the end for ever. */
export const CLOSE_WITHIN_MS = 1000;
