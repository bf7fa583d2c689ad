/** Objects with dull defaults, for tests. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { ContainerState, RuntimeContainer } from '../runtime/container-runtime.ts';
import { specDigestOf } from './spec-digest.ts';

/** A container of an image that is on the device. */
export function aContainer(change: Partial<core.Container> = {}): core.Container {
  return { name: 'web', image: 'app:1', imagePullPolicy: 'IfNotPresent', ...change };
}

/** A pod of one container that restarts always. */
export function aDocument(
  change: Partial<Omit<PodDocument, 'spec'>> & { readonly spec?: Partial<core.PodSpec> } = {},
): PodDocument {
  return {
    uid: 'uid-1',
    namespace: 'default',
    name: 'pod-1',
    labels: {},
    annotations: {},
    configMaps: {},
    secrets: {},
    ...change,
    spec: { restartPolicy: 'Always', containers: [aContainer()], ...change.spec },
  };
}

/** The first container of `aDocument`, running; `image` and `joined` say what it was made for. */
export function aRuntimeContainer(
  change: {
    readonly uid?: string;
    readonly container?: string;
    readonly attempt?: number;
    readonly image?: string;
    readonly joined?: string;
    readonly state?: ContainerState;
    readonly ip?: string;
  } = {},
): RuntimeContainer {
  const { uid = 'uid-1', container = 'web', attempt = 0, image = 'app:1', joined, ip } = change;
  return {
    id: `${uid}-${container}-${attempt}`,
    labels: {
      podUid: uid,
      podNamespace: 'default',
      podName: 'pod-1',
      container,
      attempt,
      specDigest: specDigestOf({ name: container, image }, joined),
    },
    image,
    imageId: `sha256:${image}`,
    state: change.state ?? running(),
    ip,
  };
}

/** Running since `startedAtMs`. */
export function running(startedAtMs = 1_700_000_000_000): ContainerState {
  return { kind: 'running', startedAtMs, paused: false };
}

/** Ended after `ranForMs`. */
export function exited(
  exitCode: number,
  change: { readonly oomKilled?: boolean; readonly message?: string; readonly ranForMs?: number } = {},
): ContainerState {
  const startedAtMs = 1_700_000_000_000;
  const { oomKilled = false, message = '', ranForMs = 1000 } = change;
  return { kind: 'exited', exitCode, oomKilled, message, startedAtMs, finishedAtMs: startedAtMs + ranForMs };
}
