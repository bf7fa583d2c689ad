/** The port on Podman's Docker-compatible socket: the same contract as on Docker. */
import { randomUUID } from 'node:crypto';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { systemClock } from '../../shared/clock.ts';
import { ensureTestImage } from '../support/image.ts';
import { startPodman } from '../support/podman.ts';
import { runtimeContract } from './runtime.ts';

runtimeContract('DockerRuntime on Podman', async () => {
  const podman = await startPodman();
  const image = await ensureTestImage(podman.socketPath);
  const owner = { cluster: `test-${randomUUID()}`, node: 'node-1' };
  const runtime = new DockerRuntime({ owner, clock: systemClock, socketPath: podman.socketPath });
  const close = async () => {
    for (const { id } of await runtime.list()) await runtime.remove(id);
    await podman.close();
  };
  return { runtime, image, absentImage: '127.0.0.1:9/none:1', endsInputAlways: true, close };
});
