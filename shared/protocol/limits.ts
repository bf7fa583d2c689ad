/** Bounds of the wire, which both sides keep. */

/** Kubernetes's own default of pods on one node. */
export const MAX_PODS_PER_NODE = 110;

/** Volumes whose removal is asked for at once: far more than a device holds; the rest follows as these go. */
export const MAX_REMOVED_VOLUMES = 256;

/** Documents asked for in one request; the agent asks again for the rest. */
export const MAX_REQUESTED_DOCUMENTS = MAX_PODS_PER_NODE;

/** Tokens asked for in one request: most pods want one; the agent asks again for the rest. */
export const MAX_REQUESTED_TOKENS = MAX_PODS_PER_NODE;

/** Largest MQTT payload, bytes: a pod with its ConfigMaps and Secrets (1 MiB each in Kubernetes) must fit. A larger one is refused with an event. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/** Bytes of one stream frame: small enough that a heartbeat never waits long behind it on a slow link. */
export const STREAM_FRAME_BYTES = 32 * 1024;

/** Bytes of output that a stream may have under way before its reader must grant more; the master holds that much of each. */
export const STREAM_CREDIT_BYTES = 256 * 1024;

/** The same for input, which the agent holds: less, since all streams of a device together must fit into its memory. */
export const STREAM_INPUT_CREDIT_BYTES = 64 * 1024;

/** Streams open to one node, logs among them: room for a hundred, in 8 MiB of input at the worst. One more is refused. */
export const STREAMS_PER_NODE_MAX = 128;

/** Default time between heartbeats, milliseconds. */
export const HEARTBEAT_INTERVAL_MS = 1000;
