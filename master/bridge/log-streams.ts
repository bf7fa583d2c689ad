/** A container's output as the api-server reads it: a call that is only read, and may be quiet only while it is followed. */
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { LogsCall } from '../../shared/protocol/messages.ts';
import { STREAM_IDLE_MS } from './limits.ts';
import type { NodeCalls, OpenCallInput } from './node-calls.ts';

export type OpenLogsInput = OpenCallInput<LogsCall>;
export type LogStreamsDeps = { readonly clock: Clock; readonly calls: NodeCalls };

/**
 * The output of a container, as the runtime gives it. Throws ApiError at once when the node is not connected or has too
 * many streams, and while it is read when the agent refuses, the connection is lost, or nothing comes for too long.
 * Ends quietly when aborted. Leaving the loop closes the stream on the node.
 */
export function openLogs(deps: LogStreamsDeps, input: OpenLogsInput): AsyncIterable<Uint8Array> {
  deps.calls.requireNode(input.node, input.call);
  return readLogs(deps, input);
}

async function* readLogs(
  { clock, calls }: LogStreamsDeps,
  input: OpenLogsInput,
): AsyncGenerator<Uint8Array, void, void> {
  if (input.signal.aborted) return;
  const opened = calls.open(input);
  const output = opened.output[Symbol.asyncIterator]();
  const tooLate = () => opened.fail(new ApiError('Timeout', `node "${input.node}" did not answer in time`));
  try {
    for (;;) {
      const cancel = input.call.follow ? () => {} : clock.after(STREAM_IDLE_MS, tooLate);
      const next = await output.next().finally(cancel);
      if (next.done) return;
      yield next.value.bytes;
    }
  } finally {
    opened.close();
  }
}
