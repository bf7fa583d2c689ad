/** What `up` does, at its end, to the containers of its cluster, on a real engine. */
import Docker from 'dockerode';
import { nanoid } from 'nanoid';
import { afterAll, expect, it } from 'vitest';
import { stopContainers } from '../../deploy/up/containers.ts';
import { CONTAINER_LABEL } from '../../shared/container-labels.ts';
import { ensureTestImage } from '../support/image.ts';

const docker = new Docker({ socketPath: '/var/run/docker.sock' });
const [cluster, other] = [`stop-${nanoid()}`, `stop-${nanoid()}`];

async function aContainer(owner: string): Promise<Docker.Container> {
  const Labels = { [CONTAINER_LABEL.cluster]: owner, [CONTAINER_LABEL.node]: 'pi-1' };
  return docker.createContainer({ Image: await ensureTestImage(), Entrypoint: ['sleep', '1000'], Labels });
}
const found = (owner: string) =>
  docker.listContainers({ all: true, filters: { label: [`${CONTAINER_LABEL.cluster}=${owner}`] } });

afterAll(async () => {
  for (const { Id } of [...(await found(cluster)), ...(await found(other))])
    await docker.getContainer(Id).remove({ force: true });
});

it('stops what runs, removes what is about to, and leaves other clusters alone', async () => {
  const [running, starting, foreign] = [
    await aContainer(cluster),
    await aContainer(cluster),
    await aContainer(other),
  ];
  await running.start();
  await foreign.start();
  const started = starting.start().catch(() => 'removed before it could start');
  expect(await stopContainers(docker, { cluster })).toBe(2);
  await started;
  expect((await found(cluster)).filter(({ State }) => State === 'running' || State === 'created')).toEqual(
    [],
  );
  expect((await found(cluster)).map(({ Id }) => Id)).toContain(running.id);
  expect((await found(other)).map(({ State }) => State)).toEqual(['running']);
});
