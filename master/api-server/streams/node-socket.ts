/** A call on a node as a stream of node:stream, for libraries that want a socket. */
import { Duplex } from 'node:stream';
import type { NodeStream } from './node-stream.ts';

/** Destroying it ends the call. An error of the call is the stream's. */
export function nodeSocket(stream: NodeStream): Duplex {
  const output = stream.output[Symbol.asyncIterator]();
  return new Duplex({
    read() {
      output.next().then(
        ({ done, value }) => this.push(done ? null : value.bytes),
        (error: Error) => this.destroy(error),
      );
    },
    write(bytes: Buffer, _encoding, done) {
      stream.write(bytes).then(() => done(), done);
    },
    final(done) {
      stream.endInput();
      done();
    },
    destroy(error, done) {
      stream.close();
      done(error);
    },
  });
}
