/** The sandbox of a pod as a container. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { type ContainerSpec, type Resolver, SANDBOX_IMAGE } from '../runtime/container-runtime.ts';
import { SANDBOX_OOM_SCORE_ADJ } from './oom-score.ts';
import { heldNamespaces } from './render-namespaces.ts';
import { SANDBOX } from './sandbox.ts';

/** Attempt number `attempt`. Throws RenderError as `heldNamespaces`. */
export function renderSandbox(
  document: PodDocument,
  attempt: number,
  resolver: Resolver | undefined,
): ContainerSpec {
  const { hostNetwork, hostIPC } = document.spec;
  return {
    labels: {
      podUid: document.uid,
      podNamespace: document.namespace,
      podName: document.name,
      container: SANDBOX,
      attempt,
      specDigest: SANDBOX_IMAGE,
    },
    image: SANDBOX_IMAGE,
    command: ['/pause'],
    args: [],
    env: [],
    network: { kind: hostNetwork ? 'host' : 'own' },
    ipc: { kind: hostIPC ? 'host' : 'shareable' },
    ...heldNamespaces(document, resolver),
    mounts: [],
    oomScoreAdj: SANDBOX_OOM_SCORE_ADJ,
    user: '65535:65535',
    groups: [],
    privileged: false,
    readOnlyRootFilesystem: true,
    addCapabilities: [],
    dropCapabilities: ['ALL'],
    noNewPrivileges: true,
    stdin: false,
    stdinOnce: false,
    tty: false,
    // It heeds no signal but the one that kills.
    stopGraceSeconds: 0,
  };
}
