/** exec and attach over SPDY: one stream for each of the call's, named by its header. Source: k8s.io/client-go, remotecommand v4. */
import type { Clock } from '../../../shared/clock.ts';
import { dropInput, parseSize, sendInput, sendOutput } from './command.ts';
import type { CommandCall } from './command-call.ts';
import { STREAMS_WITHIN_MS } from './limits.ts';
import type { NodeStream } from './node-stream.ts';
import { SpdyConnection, type SpdyStream } from './spdy/connection.ts';
import type { Wire } from './wire.ts';

export const COMMAND_SPDY = ['v4.channel.k8s.io', 'v5.channel.k8s.io'];

/** Until the call has ended, or the client has gone or opened no streams in time, which ends the call. */
export async function serveCommandSpdy(
  deps: { readonly clock: Clock },
  wire: Wire,
  stream: NodeStream,
  call: CommandCall,
): Promise<void> {
  const wanted = ['error', ...(['stdin', 'stdout', 'stderr'] as const).filter(name => call[name])];
  if (call.tty) wanted.push('resize');
  const opened = new Map<string, SpdyStream>();
  let tellOpened = (_isComplete: boolean) => {};
  const isComplete = new Promise<boolean>(resolve => {
    tellOpened = resolve;
  });
  const connection = new SpdyConnection(wire, one => {
    const type = one.headers.get('streamtype') ?? '';
    if (!wanted.includes(type) || opened.has(type)) return void one.reset();
    opened.set(type, one);
    if (opened.size === wanted.length) tellOpened(true);
  });
  const cancel = deps.clock.after(STREAMS_WITHIN_MS, () => wire.close());
  const serve = async () => {
    if (!(await isComplete)) return;
    cancel();
    await serveStreams(connection, opened, stream, call);
  };
  const receive = async () => {
    try {
      await connection.run();
    } finally {
      cancel();
      tellOpened(false);
      stream.close();
    }
  };
  await Promise.all([serve(), receive()]);
}

async function serveStreams(
  connection: SpdyConnection,
  opened: ReadonlyMap<string, SpdyStream>,
  stream: NodeStream,
  call: CommandCall,
): Promise<void> {
  const at = (name: string) => opened.get(name);
  const inputs = ['error', 'stdout', 'stderr'].map(name => dropInput(at(name)?.input));
  const stdin = at('stdin');
  const resize = at('resize');
  if (stdin !== undefined) inputs.push(sendInput(stdin.input, stream));
  if (resize !== undefined) inputs.push(takeSizes(resize.input, stream));
  await sendOutput(stream, call, {
    write: async (source, bytes) => await at(source)?.write(bytes),
    async finish(status) {
      await at('error')?.write(Buffer.from(JSON.stringify(status)));
      for (const one of opened.values()) await one.end();
      await connection.close();
    },
  });
  await Promise.all(inputs);
}

/** Each size is one JSON text, sent as one piece. */
async function takeSizes(input: AsyncIterable<Buffer>, stream: NodeStream): Promise<void> {
  for await (const piece of input) {
    const size = parseSize(piece);
    if (size !== undefined) stream.resize(size);
  }
}
