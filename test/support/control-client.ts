/** Asks a running `up` to unplug devices: the client of deploy/up/control-socket.ts. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import type { ControlRequest } from '../../deploy/up/control-socket.ts';

const AnswerSchema = v.variant('ok', [
  v.object({
    ok: v.literal(true),
    devices: v.array(v.object({ node: v.string(), state: v.picklist(['up', 'cut', 'down']) })),
  }),
  v.object({ ok: v.literal(false), message: v.string() }),
]);

/** The state of every device after it; throws with `up`'s own words when it refuses. */
export async function askUp(socketPath: string, act: ControlRequest['do'], node?: string) {
  const socket = connect(socketPath);
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify({ id: 1, do: act, node })}\n`);
    for await (const line of createInterface({ input: socket })) {
      const answer = v.parse(AnswerSchema, JSON.parse(line));
      if (answer.ok) return answer.devices;
      throw new Error(answer.message);
    }
    throw new Error('up closed the connection without an answer');
  } finally {
    socket.destroy();
  }
}
