/** Images from a registry that wants a password: real kubectl, real pulls. */
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { systemClock } from '../../shared/clock.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { loadImage, rootFilesystem } from '../support/image.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { REGISTRY_USER, TestRegistry } from '../support/registry.ts';
import { kubectlOn } from './support/kubectl.ts';
import { until } from './support/until.ts';

let cluster: TestCluster;
let registry: TestRegistry;
const engine = new DockerRuntime({ owner: { cluster: 'none', node: 'none' }, clock: systemClock });
beforeAll(async () => {
  [cluster, registry] = await Promise.all([startCluster(), TestRegistry.start({ hasPassword: true })]);
});
afterAll(async () => {
  await cluster?.stop();
  for (const name of offered) await forget(name);
  await registry?.close();
});
showLogsOnFailure(() => cluster);
const { ok } = kubectlOn(() => cluster);

const offered: string[] = [];
async function forget(reference: string): Promise<void> {
  const name = reference.slice(0, reference.lastIndexOf(':'));
  const isOfName = (each: string) => each.startsWith(name);
  const image = (await engine.images()).find(({ tags, digests }) => [...tags, ...digests].some(isOfName));
  if (image) await engine.removeImage(image);
}

/** In the registry only. */
async function offer(name: string): Promise<string> {
  const reference = `${registry.host}/${name}:1`;
  const own = pack();
  own.entry({ name: 'own' }, randomBytes(1000));
  own.finalize();
  await loadImage(reference, [await rootFilesystem(), await buffer(own)]);
  await registry.push('/var/run/docker.sock', reference);
  await forget(reference);
  offered.push(reference);
  return reference;
}

const SLEEP = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait $!'];
const aPod = (name: string, image: string, spec: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 1, containers: [{ name: 'main', image, command: SLEEP }], ...spec },
});
const podOf = async (name: string) => JSON.parse(await ok(`get pod ${name} -o json`));

describe.skipIf(kubectlPath === undefined)('an image that wants a password', () => {
  it('is pulled once its Secret is there, which says who may', async () => {
    const image = await offer('private');
    await ok('apply -f -', aPod('late', image, { imagePullSecrets: [{ name: 'regcred' }] }));
    await until(async () => {
      const [{ state }] = (await podOf('late')).status.containerStatuses;
      expect(state.waiting.reason).toBe('ImagePullBackOff');
    });
    const before = await ok('get events -o json');
    expect(before).toContain('Unable to retrieve some image pull secrets (regcred)');
    expect(before).toContain(`Back-off pulling image \\"${image}\\"`);
    await makeSecret('regcred');
    await ok('wait --for=condition=Ready pod/late --timeout=90s');
    const [{ imageID }] = (await podOf('late')).status.containerStatuses;
    expect(imageID).toMatch(new RegExp(`^${registry.host}/private@sha256:[0-9a-f]{64}$`));
    expect(await ok('get events -o json')).toContain(`Successfully pulled image \\"${image}\\" in `);
    await until(async () =>
      expect(await ok('get nodes -o jsonpath={.items[*].status.images}')).toContain(image),
    );
  });

  it('is pulled with the Secret of the pod’s account, and by its digest', async () => {
    const image = await offer('of-account');
    await makeSecret('account');
    await ok('apply -f -', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'puller' },
      imagePullSecrets: [{ name: 'account' }],
    });
    await ok('apply -f -', aPod('by-account', image, { serviceAccountName: 'puller' }));
    await ok('wait --for=condition=Ready pod/by-account --timeout=90s');
    const [{ imageID }] = (await podOf('by-account')).status.containerStatuses;
    await ok('delete pod by-account');
    await until(() => forget(image));
    await ok('apply -f -', aPod('by-digest', imageID, { serviceAccountName: 'puller' }));
    await ok('wait --for=condition=Ready pod/by-digest --timeout=90s');
    expect((await podOf('by-digest')).status.containerStatuses[0].imageID).toBe(imageID);
  });
});

/** As `kubectl create secret docker-registry` makes it: the password holds a blank. */
async function makeSecret(name: string): Promise<void> {
  const { username, password } = REGISTRY_USER;
  const server = `--docker-server=${registry.host}`;
  const args = ['create', 'secret', 'docker-registry', name, server];
  const { code, stderr } = await cluster.kubectl([
    ...args,
    `--docker-username=${username}`,
    `--docker-password=${password}`,
  ]);
  expect([code, stderr]).toEqual([0, '']);
}
