/** The running containers of a local Docker Engine, read over its socket: enough to see whether a pod runs twice. */
import { request } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { CONTAINER_LABEL } from '../../shared/container-labels.ts';
import { at, listAt, stringsAt } from '../json.ts';
import { ENGINE_TIMEOUT_MS } from '../limits.ts';
import type { RunningContainer } from './duplicates.ts';

const DEFAULT_SOCKET = '/var/run/docker.sock';

/** The engine's socket that DOCKER_HOST names, else Docker's own; undefined for an engine that is not local. */
export function engineSocket(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const host = env.DOCKER_HOST;
  if (!host) return DEFAULT_SOCKET;
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

/** Running containers that belong to pods; undefined when the engine cannot be asked from here. */
export function runningContainers(
  socketPath: string,
  clock: Clock,
): Promise<readonly RunningContainer[] | undefined> {
  const filters = encodeURIComponent(
    JSON.stringify({ label: [CONTAINER_LABEL.podUid], status: ['running'] }),
  );
  return new Promise(resolve => {
    const outgoing = request({ socketPath, path: `/containers/json?filters=${filters}` }, async response => {
      const chunks: Buffer[] = [];
      try {
        for await (const chunk of response) chunks.push(chunk);
        const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
        cancel();
        resolve(Array.isArray(parsed) ? parsed.map(containerOf) : undefined);
      } catch {
        // No answer and half an answer mean the same: it cannot be asked.
        cancel();
        resolve(undefined);
      }
    });
    const cancel = clock.after(ENGINE_TIMEOUT_MS, () => outgoing.destroy(new Error('no answer in time')));
    outgoing.on('error', () => {
      cancel();
      resolve(undefined);
    });
    outgoing.end();
  });
}

function containerOf(container: unknown): RunningContainer {
  const labels = stringsAt(container, 'Labels');
  return {
    id: String(at(container, 'Id') ?? ''),
    podUid: labels[CONTAINER_LABEL.podUid] ?? '',
    container: labels[CONTAINER_LABEL.container] ?? String(listAt(container, 'Names')[0] ?? ''),
    node: labels[CONTAINER_LABEL.node] ?? '',
  };
}
