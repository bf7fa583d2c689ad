/** The API of a test's cluster through the Kubernetes project's own JavaScript client, and what tests ask of it again and again. */
import { AppsV1Api, CoreV1Api, KubeConfig, type V1Node, type V1Pod } from '@kubernetes/client-node';
import { expect } from 'vitest';
import { until } from './until.ts';

const namespace = 'default';

export type ClusterApi = ReturnType<typeof openClusterApi>;

/** Opens no connection by itself; each request has its own. */
export function openClusterApi(kubeconfig: string) {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  const apps = config.makeApiClient(AppsV1Api);

  /** Pods with the label app=<app>, those on their way out included; every pod of the namespace without. */
  const pods = async (app?: string): Promise<readonly V1Pod[]> => {
    const labelSelector = app === undefined ? undefined : `app=${app}`;
    return (await core.listNamespacedPod({ namespace, labelSelector })).items;
  };
  const node = (name: string) => core.readNode({ name });

  return {
    core,
    apps,
    pods,
    node,
    pod: (name: string) => core.readNamespacedPod({ name, namespace }),
    /** Waits for exactly so many pods, all of them Ready and none on its way out; answers them. */
    untilReady: (app: string, count: number): Promise<readonly V1Pod[]> =>
      until(async () => {
        const found = await pods(app);
        expect(found.map(pod => [pod.metadata?.deletionTimestamp, isReady(pod)])).toEqual(
          Array.from({ length: count }, () => [undefined, true]),
        );
        return found;
      }),
    /** Waits until the node's condition Ready is one of these. */
    untilNode: (name: string, ...ready: readonly ('True' | 'False' | 'Unknown')[]): Promise<V1Node> =>
      until(async () => {
        const found = await node(name);
        expect(ready).toContain(conditionOf(found, 'Ready')?.status);
        return found;
      }),
  };
}

type Conditioned = {
  readonly status?: {
    readonly conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
};

/** A node's or a pod's condition; undefined when it has none of that type. */
export function conditionOf(object: Conditioned, type: string) {
  return object.status?.conditions?.find(condition => condition.type === type);
}

export function isReady(pod: V1Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

export function nameOf(object: { readonly metadata?: { readonly name?: string } }): string {
  return object.metadata?.name ?? '';
}

export function uidOf(object: { readonly metadata?: { readonly uid?: string } }): string {
  return object.metadata?.uid ?? '';
}
