/** What securityContext means for a container: its own word before the pod's. Pure. */
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { ContainerSpec } from '../runtime/container-runtime.ts';
import { RenderError } from './render-error.ts';

type SecurityFields =
  | 'user'
  | 'groups'
  | 'privileged'
  | 'readOnlyRootFilesystem'
  | 'addCapabilities'
  | 'dropCapabilities'
  | 'noNewPrivileges'
  | 'seccomp'
  | 'appArmor'
  | 'unmaskedProc';

export type SecurityFacts = {
  /** `user[:group]` that the image names; empty for root. */
  readonly imageUser: string;
  /** Folder of the profiles that `localhostProfile` names. */
  readonly seccompFolder: string;
};

/** Throws RenderError when the container must not run as root and would, or when that cannot be told. */
export function securityOf(
  document: PodDocument,
  container: core.Container,
  { imageUser, seccompFolder }: SecurityFacts,
): Pick<ContainerSpec, SecurityFields> {
  const own = container.securityContext ?? {};
  const pod = document.spec.securityContext ?? {};
  const runAsUser = own.runAsUser ?? pod.runAsUser;
  const runAsGroup = own.runAsGroup ?? pod.runAsGroup;
  if (own.runAsNonRoot ?? pod.runAsNonRoot) checkNonRoot(document, container, runAsUser, imageUser);
  const user = runAsUser === undefined ? imageUser.split(':')[0] || '0' : String(runAsUser);
  const seccomp = own.seccompProfile ?? pod.seccompProfile;
  return {
    user: runAsGroup !== undefined ? `${user}:${runAsGroup}` : runAsUser !== undefined ? user : undefined,
    groups: [...new Set([pod.fsGroup ?? [], pod.supplementalGroups ?? []].flat())],
    privileged: own.privileged ?? false,
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp:
      seccomp?.type === 'Unconfined'
        ? { kind: 'unconfined' }
        : seccomp?.type === 'Localhost'
          ? { kind: 'file', path: join(seccompFolder, seccomp.localhostProfile ?? '') }
          : undefined,
    appArmor: appArmorOf(own.appArmorProfile ?? pod.appArmorProfile),
    unmaskedProc: own.procMount === 'Unmasked',
  };
}

function appArmorOf(profile: core.AppArmorProfile | undefined): string | undefined {
  if (profile?.type === 'Unconfined') return 'unconfined';
  return profile?.type === 'Localhost' ? profile.localhostProfile : undefined;
}

/** Source: the kubelet's verifyRunAsNonRoot, and its words. */
function checkNonRoot(
  { name, namespace, uid }: PodDocument,
  container: core.Container,
  runAsUser: number | undefined,
  imageUser: string,
): void {
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  if (runAsUser === 0) throw new RenderError(`container's runAsUser breaks non-root policy ${where}`);
  if (runAsUser !== undefined) return;
  const user = imageUser.split(':')[0] ?? '';
  if (user === '' || Number(user) === 0)
    throw new RenderError(`container has runAsNonRoot and image will run as root ${where}`);
  if (!/^\d+$/.test(user))
    throw new RenderError(
      `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root ${where}`,
    );
}
