/** A container rendered on a device with dull facts, for tests. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { aContainer, aDocument } from './pod-builders.ts';
import { type RenderChoice, renderContainer } from './render-container.ts';

export const FACTS = {
  nodeName: 'pi-1',
  hostIp: '10.0.0.5',
  podsFolder: '/data/pods',
  memoryFolder: '/mem/pods',
  seccompFolder: '/data/seccomp',
  imageUser: '',
  tokenOf: ({ audience }: { audience: string }) =>
    audience === 'none' ? undefined : `token for ${audience}`,
  volumesFolder: '/data/volumes',
  allocatableCpuMilli: 4000,
  allocatableMemoryBytes: 1024 ** 3,
  allocatableStorageBytes: 8 * 1024 ** 3,
  memoryBytes: 1024 ** 3,
};
/** The first attempt, with a network of its own. */
export const FIRST: RenderChoice = { attempt: 0, network: { kind: 'own' }, ownsPorts: true };

const SOURCES = {
  configMaps: { cm: { data: { color: 'red', size: '3' }, binaryData: {} } },
  secrets: { pw: { data: { token: Buffer.from('s3cret').toString('base64') } } },
  labels: { app: 'web' },
};

/** With the ConfigMap `cm` and the Secret `pw` at hand. */
export function render(
  container: Partial<core.Container>,
  change: Parameters<typeof aDocument>[0] = {},
  choice: RenderChoice = FIRST,
) {
  const own = aContainer(container);
  const document: PodDocument = aDocument({
    ...SOURCES,
    ...change,
    spec: { containers: [own], ...change.spec },
  });
  return renderContainer(document, own, choice, FACTS);
}
