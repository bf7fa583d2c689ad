/** exec and attach over WebSocket channels: the first byte of each message says which. Source: k8s.io/apimachinery, remotecommand. */
import { type CommandOutput, offerInput, parseSize, sendOutput } from './command.ts';
import type { CommandCall } from './command-call.ts';
import type { NodeStream } from './node-stream.ts';
import type { Wire } from './wire.ts';

export const COMMAND_CHANNELS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];

const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

/** Until the call has ended, or the client has gone, which ends the call. */
export async function serveCommandChannels(wire: Wire, stream: NodeStream, call: CommandCall): Promise<void> {
  const send = (channel: number, bytes: Uint8Array) => wire.send(Buffer.concat([Buffer.of(channel), bytes]));
  const output: CommandOutput = {
    write: (source, bytes) => send(CHANNEL[source], bytes),
    async finish(status) {
      await send(CHANNEL.error, Buffer.from(JSON.stringify(status)));
      wire.close();
    },
  };
  await Promise.all([sendOutput(stream, call, output), takeMessages(wire, stream, call)]);
}

async function takeMessages(wire: Wire, stream: NodeStream, call: CommandCall): Promise<void> {
  let takesInput = call.stdin;
  for await (const message of wire.received) {
    const content = message.subarray(1);
    switch (message[0]) {
      case CHANNEL.stdin:
        if (content.length > 0) takesInput &&= await offerInput(stream, content);
        break;
      case CHANNEL.resize: {
        const size = parseSize(content);
        if (size !== undefined) stream.resize(size);
        break;
      }
      case CHANNEL.close:
        if (takesInput && content[0] === CHANNEL.stdin) {
          takesInput = false;
          stream.endInput();
        }
        break;
      default:
        // As Kubernetes: what comes on channels that the call has not is dropped.
        break;
    }
  }
  stream.close();
}
