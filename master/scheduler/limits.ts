/** Bounds of scheduling. */

/** Pods placed before other work of the process gets its turn: some 50 ms on a Raspberry Pi. */
export const PODS_PER_TURN = 200;

/** Bindings and verdicts written at once: the store syncs writes that wait together in one go. */
export const CONCURRENT_WRITES = 64;

/** Up to this many nodes, every one is looked at for each pod. */
export const MIN_CANDIDATES = 100;

/** Of more nodes, looking stops once this share of them could take the pod; the best of many is hardly better than the best of some. */
export const CANDIDATE_SHARE = 0.02;

/** The view was behind, or a write failed. */
export const CONFLICT_BACKOFF = { baseMs: 5, capMs: 1000, factor: 2, jitter: 0.2 } as const;
export const FAILURE_BACKOFF = { baseMs: 100, capMs: 30_000, factor: 2, jitter: 0.2 } as const;
