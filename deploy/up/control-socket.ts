/**
 * The socket by which others pull the virtual devices' plugs: JSON lines on a unix socket that only this user may open.
 * Owns the socket and its protocol; what a request does is its caller's.
 */
import { existsSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import * as v from 'valibot';
import { MAX_SOCKET_PATH_BYTES } from './layout.ts';
import { UserError } from './shell.ts';

const RequestSchema = v.object({
  id: v.number(),
  /** `cut` and `join` are the network cable, `kill` (SIGKILL, and held down) and `start` the process. */
  do: v.picklist(['cut', 'join', 'kill', 'start', 'list']),
  /** Of a device, or `master`, which has no cable. */
  node: v.optional(v.string()),
});
export type ControlRequest = v.InferOutput<typeof RequestSchema>;

export type DeviceState = { readonly node: string; readonly state: 'up' | 'cut' | 'down' };

export type ControlAnswer =
  | { readonly id: number; readonly ok: true; readonly devices: readonly DeviceState[] }
  | { readonly id: number; readonly ok: false; readonly message: string };

/** Does what is asked and answers every device's state; throws an error whose message is for the asker. */
export type ControlHandler = (request: ControlRequest) => Promise<readonly DeviceState[]>;

/** A longer line is no request, bytes. */
const MAX_LINE_BYTES = 4096;

/** Listens; also the lock of the data folder: throws UserError when another `up` listens there. */
export async function listenForControl(path: string, handler: ControlHandler): Promise<Server> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new UserError(
      `--data-dir is too long: ${path} is over ${MAX_SOCKET_PATH_BYTES} bytes, the most that a unix socket's path may have`,
    );
  }
  if (existsSync(path)) {
    if (await isAnswered(path)) {
      throw new UserError(
        `another "npm run up" uses this data folder (it listens on ${path}): stop it, or choose another with --data-dir`,
      );
    }
    rmSync(path);
  }
  const server = createServer(socket => serve(socket, handler));
  const umask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  } finally {
    process.umask(umask);
  }
  return server;
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function serve(socket: Socket, handler: ControlHandler): void {
  let rest = '';
  let last = Promise.resolve();
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_BYTES) socket.destroy();
    for (const line of lines) {
      // One after the other: a kill and the start after it must not overtake each other.
      last = last.then(async () => {
        const answer = await answerTo(line, handler);
        if (socket.writable) socket.write(`${JSON.stringify(answer)}\n`);
      });
    }
  });
}

async function answerTo(line: string, handler: ControlHandler): Promise<ControlAnswer> {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), RequestSchema), line);
  if (!parsed.success) return { id: 0, ok: false, message: `not a request: ${parsed.issues[0].message}` };
  const { id } = parsed.output;
  try {
    return { id, ok: true, devices: await handler(parsed.output) };
  } catch (error) {
    return { id, ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}
