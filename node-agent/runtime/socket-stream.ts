/** A connected socket, or the two pipes of a helper, as the port's stream. */
import type { Writable } from 'node:stream';
import { type LogChunk, RuntimeError, type RuntimeStream } from './container-runtime.ts';

/** Resolves when the system has taken the bytes; rejects when nobody reads them any more. */
export function writeTo(input: Writable, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    input.write(bytes, error => (error ? reject(error) : resolve()));
  });
}

/** A stream of one output, with no terminal and no exit code; `signal` is what ends both. */
export function plainStream(
  output: AsyncIterable<Uint8Array>,
  input: Writable,
  signal: AbortSignal,
): RuntimeStream {
  return {
    output: asStdout(output, signal),
    write: bytes => writeTo(input, bytes),
    endInput: () => {
      input.end();
    },
    resize: async () => {},
    exitCode: async () => undefined,
  };
}

async function* asStdout(output: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<LogChunk> {
  try {
    for await (const bytes of output) yield { stream: 'stdout', bytes };
  } catch (error) {
    if (signal.aborted) return;
    throw new RuntimeError('connect', 'other', 'the connection was lost', { cause: error });
  }
}
