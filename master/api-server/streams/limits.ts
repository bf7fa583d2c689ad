/** Bounds of exec, attach, port-forward and proxy. */

/** Open calls of clients at once; past it a new one is told to come back later (429). Each holds a socket and a node's stream. */
export const MAX_STREAMS = 500;

/** A connection on which nothing passes either way ends after this long, milliseconds; as the kubelet's (4 h). */
export const STREAM_IDLE_MS = 4 * 60 * 60_000;

/** Largest WebSocket message that is read, bytes: clients send pieces of 32 KiB, some a whole buffer; a larger one ends the connection. */
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Input of one client that waits for its node, bytes; past it nothing more is read from the client until half is taken. */
export const MAX_WAITING_BYTES = 1024 * 1024;

/** Most arguments of an exec, and most bytes of them together: far below what a kernel takes as one command line. */
export const MAX_COMMAND_WORDS = 4096;
export const MAX_COMMAND_BYTES = 256 * 1024;

/** Ports of one port-forward over WebSocket channels: two channels each, and a channel's number is one byte. */
export const MAX_FORWARDED_PORTS = 64;

/** Largest SPDY frame that is read, bytes: clients send pieces of 32 KiB; a larger one ends the connection. */
export const MAX_FRAME_BYTES = 1024 * 1024;

/** Largest block of SPDY headers, inflated, bytes: real ones have three short lines. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Open SPDY streams of one connection: two for each forwarded connection; a further one is refused. */
export const MAX_SPDY_STREAMS = 512;

/** Time for a client to open every stream of its exec after the upgrade, milliseconds; as in Kubernetes. */
export const STREAMS_WITHIN_MS = 30_000;
