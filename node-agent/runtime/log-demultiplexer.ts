/**
 * Splits Docker's log stream into its two outputs. Frame: one byte stream (1 out, 2 err), three zero, four of length
 * (big endian), then the bytes. https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
import type { LogChunk } from './container-runtime.ts';

const HEADER_BYTES = 8;

/**
 * Takes the stream in pieces of any size and gives the output in each as it comes: it never holds a frame back. Docker
 * frames every line, so what one piece holds of one output is joined.
 */
export class LogDemultiplexer {
  private readonly header = Buffer.alloc(HEADER_BYTES);
  private headerBytes = 0;
  private payloadBytes = 0;
  private stream: LogChunk['stream'] = 'stdout';

  /** The output in `piece`, in order; a chunk ends where the other output begins. */
  push(piece: Uint8Array): LogChunk[] {
    const runs: { readonly stream: LogChunk['stream']; readonly parts: Uint8Array[] }[] = [];
    let at = 0;
    while (at < piece.length) {
      if (this.payloadBytes === 0) {
        at += this.readHeader(piece.subarray(at));
      } else {
        const bytes = piece.subarray(at, at + this.payloadBytes);
        const last = runs.at(-1);
        if (last?.stream === this.stream) last.parts.push(bytes);
        else runs.push({ stream: this.stream, parts: [bytes] });
        this.payloadBytes -= bytes.length;
        at += bytes.length;
      }
    }
    return runs.map(({ stream, parts }) => ({ stream, bytes: Buffer.concat(parts) }));
  }

  private readHeader(piece: Uint8Array): number {
    const taken = piece.subarray(0, HEADER_BYTES - this.headerBytes);
    this.header.set(taken, this.headerBytes);
    this.headerBytes += taken.length;
    if (this.headerBytes === HEADER_BYTES) {
      this.headerBytes = 0;
      this.stream = this.header[0] === 2 ? 'stderr' : 'stdout';
      this.payloadBytes = this.header.readUInt32BE(4);
    }
    return taken.length;
  }
}
