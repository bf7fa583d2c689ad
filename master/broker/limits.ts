/** Bounds of the broker: what one connection, and everybody together, may take of the master. */
import { MAX_PAYLOAD_BYTES } from '../../shared/protocol/limits.ts';

/** A CONNECT with a will, a name and a password needs a few hundred bytes; a longer first packet ends the connection. */
export const MAX_CONNECT_BYTES = 8 * 1024;

/** A packet is its payload, its topic (64 KiB at most) and a few bytes; a longer one ends the connection before it is buffered. */
export const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + 64 * 1024 + 16;

/** The `Session` message is some hundred bytes; the broker keeps one per connection. A larger will is refused. */
export const MAX_WILL_BYTES = 1024;

/** Time from accepting a connection to its CONNECT, milliseconds: a device on a bad link needs a few retransmissions. */
export const CONNECT_TIMEOUT_MS = 5000;

/** Connections that have not proved who they are. One more ends the oldest of them, so that strangers cannot keep devices out. */
export const MAX_PENDING_CONNECTIONS = 64;

/** All connections, some 80 KB each. More are refused by closing them. */
export const MAX_CONNECTIONS = 2000;

/** Connections of one node: an unstable link leaves half-open ones behind. One more ends the oldest. */
export const MAX_CONNECTIONS_PER_NODE = 4;

/** Longest keep-alive a client may ask for, seconds: a half-open connection is gone after one and a half of it. */
export const MAX_KEEPALIVE_SECONDS = 120;

/** How long a connection may take nothing while something waits for it, milliseconds: the largest payload at 70 kB/s. Then it is closed. */
export const DRAIN_TIMEOUT_MS = 60_000;

/** Packets that a client may send before it hears that it is welcome; one more ends the connection. */
export const MAX_EARLY_PACKETS = 16;

/** Deliveries under way at once. Each node has a handful at most, and one that takes nothing must not hold up the rest. */
export const MAX_DELIVERIES = 10_000;

/** One refused user and reason is logged once in this time, milliseconds: devices try again for ever. */
export const REFUSAL_LOG_INTERVAL_MS = 60_000;

/** Distinct refusals remembered for that; beyond, all are forgotten and logged anew. */
export const MAX_REMEMBERED_REFUSALS = 256;
