/** The socket of `npm run up`, which pulls the plugs of its virtual devices: JSON lines, one answer for each request. */
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { CliError } from '../errors.ts';
import { at, listAt, textAt } from '../json.ts';
import { CONTROL_TIMEOUT_MS } from '../limits.ts';

export type ControlAct = 'cut' | 'join' | 'kill' | 'start' | 'list';
export type Device = { readonly node: string; readonly state: string };

export interface Control {
  /** Resolves with every device's state once the act is done. Throws CliError with what the supervisor says. */
  ask(act: ControlAct, node?: string): Promise<readonly Device[]>;
}

/** One connection for each request, so that restoring a device works whatever became of an earlier one. */
export function openControl(dataDir: string | undefined, clock: Clock): Control {
  const path = dataDir === undefined ? undefined : join(dataDir, 'up.sock');
  return {
    async ask(act, node) {
      if (path === undefined)
        throw new CliError(
          'a drill unplugs a virtual device of "npm run up", whose data folder is not known here: name it with --data-dir DIR',
        );
      const answer = await exchange(path, { id: 1, do: act, node }, clock);
      if (at(answer, 'ok') !== true)
        throw new CliError(textAt(answer, 'message') ?? 'the supervisor sent an answer that is none');
      return listAt(answer, 'devices').map(device => ({
        node: textAt(device, 'node') ?? '',
        state: textAt(device, 'state') ?? '',
      }));
    },
  };
}

function exchange(path: string, request: unknown, clock: Clock): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const fail = (message: string, cause?: unknown) => {
      cancel();
      socket.destroy();
      reject(new CliError(message, { cause }));
    };
    const cancel = clock.after(CONTROL_TIMEOUT_MS, () => fail(`"npm run up" does not answer on ${path}`));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (!text.includes('\n')) return;
      cancel();
      socket.destroy();
      try {
        resolve(JSON.parse(text));
      } catch (cause) {
        fail(`"npm run up" sent no JSON on ${path}`, cause);
      }
    });
    socket.on('end', () => fail(`"npm run up" hung up on ${path}`));
    socket.on('error', cause =>
      fail(
        `no virtual devices answer on ${path}: a drill needs a running "npm run up" with this data folder (${cause.message})`,
        cause,
      ),
    );
  });
}
