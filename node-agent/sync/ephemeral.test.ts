/** Containers that joined a pod while it ran: they run once, beside the others, and nothing depends on them. */
import { expect, it } from 'vitest';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { newMemory } from './memory.ts';
import { plan } from './plan.ts';
import { aContainer, aDocument, aRuntimeContainer, exited } from './pod-builders.ts';
import { podStatus } from './pod-status.ts';

const look = { name: 'look', image: 'app:1', imagePullPolicy: 'IfNotPresent' };
const aPod = (ephemeral: object = {}) =>
  aDocument({ spec: { containers: [aContainer()], ephemeralContainers: [{ ...look, ...ephemeral }] } });
const web = aRuntimeContainer({ ip: '172.17.0.2' });
const joined = (state: RuntimeContainer['state']) =>
  aRuntimeContainer({ container: 'look', joined: web.id, state });

function world(document: ReturnType<typeof aPod>, containers: readonly RuntimeContainer[]) {
  const memory = newMemory();
  memory.images.set('app:1', { imageId: 'sha256:1', digests: [], sizeBytes: 1, user: '' });
  const wanted = { uid: document.uid, digest: 'd', document };
  const input = { containers, memory, nowMs: 0 };
  const { steps } = plan({ ...input, wanted: [wanted], graceOfLeft: new Map() });
  return { steps, status: podStatus({ ...input, wanted, hostIp: '', wallMs: 0 }) };
}

it.each([
  { name: 'joins the network of a pod that runs', ephemeral: {}, target: undefined },
  {
    name: 'sees the processes of its target',
    ephemeral: { targetContainerName: 'web' },
    target: web.id,
  },
])('$name', ({ ephemeral, target }) => {
  const network = { kind: 'joined', id: web.id, ip: '172.17.0.2' };
  expect(world(aPod(ephemeral), [web]).steps).toMatchObject([
    { kind: 'run', container: 'look', network, target },
  ]);
});

it('waits for the pod to run', () => {
  expect(world(aPod(), []).steps).toMatchObject([{ kind: 'run', container: 'web' }]);
});

it('is not run again, and neither readies nor fails the pod', () => {
  const { steps, status } = world(aPod(), [web, joined(exited(3))]);
  expect(steps).toEqual([]);
  expect(status).toMatchObject({
    phase: 'Running',
    containerStatuses: [{ name: 'web', ready: true }],
    ephemeralContainerStatuses: [{ name: 'look', ready: false, state: { terminated: { exitCode: 3 } } }],
  });
});

it('is stopped when the pod has ended', () => {
  const document = aPod();
  const ended = { ...document, spec: { ...document.spec, restartPolicy: 'Never' } };
  const over = { ...web, state: exited(0), ip: undefined };
  const { steps, status } = world(ended, [over, joined({ kind: 'running', startedAtMs: 1, paused: false })]);
  expect(steps).toMatchObject([{ kind: 'stop', container: 'look', reason: 'finished' }]);
  expect(status?.phase).toBe('Succeeded');
});
