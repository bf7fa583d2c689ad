/** The containers that a cluster's virtual devices left on the engine; nothing else on it is looked at. */
import type Docker from 'dockerode';
import { CONTAINER_LABEL } from '../../shared/container-labels.ts';

/** Between SIGTERM and SIGKILL, seconds: pulling the plug on everything must not take each pod's own half minute. */
const GRACE_SECONDS = 2;
/** An engine on a small machine stops no more than this at a time. */
const AT_A_TIME = 8;

/**
 * Stops what runs, and leaves it to be found by the next start. What was made and not started goes: the engine may be about
 * to start it for an agent that is gone. Answers how many there were.
 */
export async function stopContainers(
  docker: Docker,
  { cluster, node }: { readonly cluster: string; readonly node?: string },
): Promise<number> {
  const owner = node === undefined ? CONTAINER_LABEL.node : `${CONTAINER_LABEL.node}=${node}`;
  const filters = {
    label: [`${CONTAINER_LABEL.cluster}=${cluster}`, owner],
    status: ['created', 'running', 'paused'],
  };
  const found = await docker.listContainers({ filters });
  for (let start = 0; start < found.length; start += AT_A_TIME) {
    const batch = found.slice(start, start + AT_A_TIME);
    await Promise.all(batch.map(({ Id, State }) => stopIfThere(docker.getContainer(Id), State)));
  }
  return found.length;
}

async function stopIfThere(container: Docker.Container, state: string): Promise<void> {
  try {
    await (state === 'created' ? container.remove({ force: true }) : container.stop({ t: GRACE_SECONDS }));
  } catch (error) {
    // 304: it has stopped by itself; 404: it is gone.
    const code = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined;
    if (code !== 304 && code !== 404) throw error;
  }
}
