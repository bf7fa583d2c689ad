/** Carries an exec or attach between a client, however its streams are framed, and the node. */
import type { Status } from '../../../shared/kubernetes/api-error.ts';
import type { CommandCall } from './command-call.ts';
import type { NodeStream } from './node-stream.ts';
import { exitStatus, failureStatus } from './outcome.ts';

/** What the client sees. */
export type CommandOutput = {
  write(source: 'stdout' | 'stderr', bytes: Uint8Array): Promise<void>;
  /** The last word. */
  finish(status: Status): Promise<void>;
};

/** Brings output to the client, at its pace, and then how the call ended. */
export async function sendOutput(
  stream: NodeStream,
  call: CommandCall,
  output: CommandOutput,
): Promise<void> {
  await output.finish(await outcomeOf(stream, call, output));
}

async function outcomeOf(stream: NodeStream, call: CommandCall, output: CommandOutput): Promise<Status> {
  try {
    for await (const { source, bytes } of stream.output) await output.write(source, bytes);
    const { exitCode = 0 } = await stream.ended;
    // An attached container's exit code is the pod's affair: clients read it there.
    return call.kind === 'exec' ? exitStatus(exitCode, call.command) : exitStatus(0, []);
  } catch (error) {
    return failureStatus(error);
  }
}

/** Brings one piece of input to the node; false once the call has ended, which is told where its output ends. */
export function offerInput(stream: NodeStream, bytes: Uint8Array): Promise<boolean> {
  return stream.write(bytes).then(
    () => true,
    () => false,
  );
}

/** Brings input to the node, at its pace, and then its end. Reads on when the call takes no more, so that the client can go on. */
export async function sendInput(input: AsyncIterable<Buffer>, stream: NodeStream): Promise<void> {
  let isTaken = true;
  for await (const bytes of input) isTaken &&= await offerInput(stream, bytes);
  if (isTaken) stream.endInput();
}

/** Reads what has no meaning, so that it holds up nothing. */
export async function dropInput(input: AsyncIterable<Buffer> | undefined): Promise<void> {
  for await (const _ of input ?? []);
}

/** A terminal's size as clients say it, in JSON; undefined for what is none. */
export function parseSize(json: Buffer): { readonly columns: number; readonly rows: number } | undefined {
  try {
    const parsed: unknown = JSON.parse(json.toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('Width' in parsed) || !('Height' in parsed))
      return undefined;
    const { Width: columns, Height: rows } = parsed;
    return isSize(columns) && isSize(rows) ? { columns, rows } : undefined;
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 65_535;
}
