/** The port through which the api-server reaches a process on a node: exec, attach and port-forward. */
import type { StreamCall } from '../../../shared/protocol/messages.ts';

/** One open call on a node. Both directions have flow control: a slow reader slows its writer and nothing else. */
export interface NodeStream {
  /** In order; ends when the call has ended. Leaving the loop closes the call. Throws the ApiError of `ended`. */
  readonly output: AsyncIterable<{ readonly source: 'stdout' | 'stderr'; readonly bytes: Uint8Array }>;
  /**
   * Settles when the call has ended: with the exit code of an exec (or of an attached container, when it is known).
   * Rejects with ApiError: NotFound, BadRequest, TooManyRequests, ServiceUnavailable (node not connected or lost), InternalError.
   */
  readonly ended: Promise<{ readonly exitCode?: number }>;
  /** Resolves when the node has granted room for the bytes and they are sent; rejects once the call has ended. */
  write(bytes: Uint8Array): Promise<void>;
  /** No more input will come: the process reads end of file, the TCP connection is half closed. */
  endInput(): void;
  /** The size of the caller's terminal, in characters. */
  resize(size: { readonly columns: number; readonly rows: number }): void;
  /** Ends the call and frees it on the node; harmless once it has ended. */
  close(): void;
}

/** Opens a call on a node. Throws ApiError at once when the node is not connected or has too many streams. */
export type OpenStream = (input: {
  readonly node: string;
  readonly call: StreamCall;
  readonly signal: AbortSignal;
}) => NodeStream;
