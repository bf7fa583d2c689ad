/** A client's connection after its upgrade, whatever carries the bytes. */
export interface Wire {
  /** In order, and as slowly as they are taken: the client is held up meanwhile. Ends when the client has gone. One reader. */
  readonly received: AsyncIterable<Buffer>;
  /** Resolves once the piece is on its way; also when the client has gone, for whom nothing matters any more. Text is text where the wire knows it. */
  send(piece: string | Uint8Array): Promise<void>;
  /** Ends the connection in its own way; harmless when it has ended. */
  close(): void;
}
