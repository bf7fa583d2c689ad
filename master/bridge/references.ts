/** Which ConfigMaps and Secrets a pod refers to: these, and no others, go to its node. Pure. */

import type { Pod } from '../../shared/kubernetes/objects.ts';
import { allContainers } from '../../shared/kubernetes/pod-containers.ts';

/** Names in the pod's own namespace, sorted, each once. */
export type PodReferences = { readonly configMaps: readonly string[]; readonly secrets: readonly string[] };

export function referencesOf(pod: Pod): PodReferences {
  const configMaps = new Set<string | undefined>();
  const secrets = new Set<string | undefined>();
  const { volumes = [], imagePullSecrets = [] } = pod.spec;
  for (const container of allContainers(pod.spec)) {
    for (const { valueFrom } of container.env ?? []) {
      configMaps.add(valueFrom?.configMapKeyRef?.name);
      secrets.add(valueFrom?.secretKeyRef?.name);
    }
    for (const source of container.envFrom ?? []) {
      configMaps.add(source.configMapRef?.name);
      secrets.add(source.secretRef?.name);
    }
  }
  for (const volume of volumes) {
    configMaps.add(volume.configMap?.name);
    secrets.add(volume.secret?.secretName);
    for (const source of volume.projected?.sources ?? []) {
      configMaps.add(source.configMap?.name);
      secrets.add(source.secret?.name);
    }
  }
  for (const { name } of imagePullSecrets) secrets.add(name);
  return { configMaps: named(configMaps), secrets: named(secrets) };
}

function named(names: ReadonlySet<string | undefined>): string[] {
  return [...names].flatMap(name => (name ? [name] : [])).sort();
}
