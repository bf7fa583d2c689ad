/**
 * The service account of a new pod, and how its containers find its token. Pure over the view.
 * Source: k8s.io/kubernetes/plugin/pkg/admission/serviceaccount.
 */
import type { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { Container, KindMap, Pod } from '../../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';

const DEFAULT_SERVICE_ACCOUNT = 'default';
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** An hour, and what Kubernetes adds to know its own tokens by. */
const TOKEN_SECONDS = 3607;
const FILE_MODE = 0o644;

/**
 * The account that a pod names must exist. That of the namespace itself, which is made a moment after the namespace, is
 * not waited for: nothing of it is needed before the pod runs. `suffix` names the volume of the token.
 */
export function withServiceAccount(
  pod: Pod,
  view: ClusterView,
  refuse: (why: string) => ApiError,
  suffix: () => string,
): Pod {
  const { namespace } = pod.metadata;
  const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || DEFAULT_SERVICE_ACCOUNT;
  const account = view.get('ServiceAccount', { namespace, name });
  if (account === undefined && name !== DEFAULT_SERVICE_ACCOUNT)
    throw refuse(`error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`);
  const { imagePullSecrets = [] } = pod.spec;
  const secrets = imagePullSecrets.length > 0 ? imagePullSecrets : (account?.imagePullSecrets ?? []);
  const named: Pod = {
    ...pod,
    spec: {
      ...pod.spec,
      serviceAccountName: name,
      serviceAccount: name,
      ...(secrets.length === 0 ? {} : { imagePullSecrets: secrets }),
    },
  };
  return isMounted(pod, account) ? withTokenVolume(named, suffix) : named;
}

/** The pod's word counts before its account's. */
function isMounted({ spec }: Pod, account: KindMap['ServiceAccount'] | undefined): boolean {
  return spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
}

/** Token, authority and namespace in each container that has nothing of its own at that path. */
function withTokenVolume(pod: Pod, suffix: () => string): Pod {
  const { volumes = [], containers, initContainers } = pod.spec;
  const all = [...containers, ...(initContainers ?? [])];
  if (all.every(hasOwnMount)) return pod;
  const kept = volumes.find(({ name }) => name.startsWith('kube-api-access-'));
  const name = kept?.name ?? `kube-api-access-${suffix()}`;
  const mounted = (container: Container): Container => {
    if (hasOwnMount(container)) return container;
    const mount = { name, readOnly: true, mountPath: MOUNT_PATH };
    return { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
  };
  return {
    ...pod,
    spec: {
      ...pod.spec,
      volumes: kept === undefined ? [...volumes, tokenVolume(name)] : volumes,
      containers: containers.map(mounted),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(mounted) }),
    },
  };
}

function hasOwnMount({ volumeMounts = [] }: Container): boolean {
  return volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH);
}

function tokenVolume(name: string) {
  return {
    name,
    projected: {
      defaultMode: FILE_MODE,
      sources: [
        { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  };
}
