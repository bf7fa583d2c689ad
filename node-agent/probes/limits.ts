/** Bounds of probes and hooks: unit, reason, and what happens at the bound. */

/** Of an answer's body or a command's output, bytes, as in the kubelet; the rest is not kept. */
export const ANSWER_BYTES_MAX = 10 * 1024;

/** Redirects to the same host in a row, as Go's client follows them; one more is a failure. */
export const REDIRECTS_MAX = 10;

/** Probes under way at once: a small device must not start a hundred commands in one second. The others wait; their time to answer begins when they do. */
export const PROBES_AT_ONCE_MAX = 16;

/** Complaints about one probe of one container: so many at once, then one in each interval, as the kubelet's. More are dropped. */
export const COMPLAINTS_BURST = 25;
export const COMPLAINT_INTERVAL_MS = 300_000;
