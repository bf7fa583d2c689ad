/** A container spec with dull defaults, for tests. */
import type { ContainerLabels, ContainerSpec } from '../../node-agent/runtime/container-runtime.ts';

/** The spec of container `app`, attempt 0, of pod `default/web` with uid `pod-uid-1`, changed as said. */
export function aContainerSpec(
  change: Partial<Omit<ContainerSpec, 'labels'>> & { readonly labels?: Partial<ContainerLabels> } = {},
): ContainerSpec {
  return {
    image: 'pikelet.test/app:1',
    command: [],
    args: [],
    env: [],
    network: { kind: 'own' },
    ports: [],
    mounts: [],
    groups: [],
    privileged: false,
    readOnlyRootFilesystem: false,
    addCapabilities: [],
    dropCapabilities: [],
    stdin: false,
    stdinOnce: false,
    tty: false,
    stopGraceSeconds: 30,
    ...change,
    labels: {
      podUid: 'pod-uid-1',
      podNamespace: 'default',
      podName: 'web',
      container: 'app',
      attempt: 0,
      specDigest: 'digest-1',
      ...change.labels,
    },
  };
}
