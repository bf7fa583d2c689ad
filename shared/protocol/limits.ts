/** Bounds of the wire, which both sides keep. */

/** Kubernetes's own default of pods on one node. */
export const MAX_PODS_PER_NODE = 110;

/** Documents asked for in one request; the agent asks again for the rest. */
export const MAX_REQUESTED_DOCUMENTS = MAX_PODS_PER_NODE;

/** Largest MQTT payload, bytes: a pod with its ConfigMaps and Secrets (1 MiB each in Kubernetes) must fit. A larger one is refused with an event. */
export const MAX_PAYLOAD_BYTES = 4 * 1024 * 1024;

/** Bytes of one stream frame: small enough that a heartbeat never waits long behind it on a slow link. */
export const STREAM_FRAME_BYTES = 32 * 1024;

/** Bytes a stream may have under way before its reader must grant more. */
export const STREAM_CREDIT_BYTES = 256 * 1024;

/** Default time between heartbeats, milliseconds. */
export const HEARTBEAT_INTERVAL_MS = 1000;
