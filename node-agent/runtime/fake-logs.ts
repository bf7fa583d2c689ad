/** The output that a fake container keeps, read as Docker would give it. */
import type { LogChunk, LogOptions } from './container-runtime.ts';

export type FakeLogLine = {
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
  readonly atMs: number;
};

/** The chunks of `lines` that `options` ask for, oldest first, one per write. */
export function fakeLogChunks(
  lines: readonly FakeLogLine[],
  options: LogOptions,
  nowMs: number,
): readonly LogChunk[] {
  const { sinceSeconds, tailLines } = options;
  const recent =
    sinceSeconds === undefined ? lines : lines.filter(line => line.atMs >= nowMs - sinceSeconds * 1000);
  const tail = tailLines === undefined ? recent : recent.slice(Math.max(0, recent.length - tailLines));
  return tail.map(({ stream, text, atMs }) => ({
    stream,
    bytes: new TextEncoder().encode(options.timestamps ? `${new Date(atMs).toISOString()} ${text}` : text),
  }));
}
