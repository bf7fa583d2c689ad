/**
 * How strategic merge patches treat the lists of the API: facts that the field tables do not carry.
 * Source: the patchStrategy and patchMergeKey columns of Kubernetes's API reference.
 */

/** Type → field → the member by which elements are the same one. Lists not named here are replaced whole. */
const MERGE_KEYS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  V1ObjectMeta: { ownerReferences: 'uid' },
  V1PodSpec: {
    containers: 'name',
    initContainers: 'name',
    ephemeralContainers: 'name',
    volumes: 'name',
    imagePullSecrets: 'name',
    hostAliases: 'ip',
    topologySpreadConstraints: 'topologyKey',
    resourceClaims: 'name',
    schedulingGates: 'name',
  },
  V1Container: {
    env: 'name',
    ports: 'containerPort',
    volumeMounts: 'mountPath',
    volumeDevices: 'devicePath',
  },
  V1EphemeralContainer: {
    env: 'name',
    ports: 'containerPort',
    volumeMounts: 'mountPath',
    volumeDevices: 'devicePath',
  },
  V1PodStatus: { conditions: 'type', podIPs: 'ip', resourceClaimStatuses: 'name' },
  V1NodeStatus: { conditions: 'type', addresses: 'type' },
  V1NamespaceStatus: { conditions: 'type' },
  V1DeploymentStatus: { conditions: 'type' },
  V1ReplicaSetStatus: { conditions: 'type' },
  V1DaemonSetStatus: { conditions: 'type' },
  V1StatefulSetStatus: { conditions: 'type' },
  V1ReplicationControllerStatus: { conditions: 'type' },
  V1ServiceSpec: { ports: 'port' },
  V1ServiceStatus: { conditions: 'type' },
  V1ServiceAccount: { secrets: 'name' },
  V1PersistentVolumeClaimStatus: { conditions: 'type' },
  V1JobStatus: { conditions: 'type' },
  V2HorizontalPodAutoscalerStatus: { conditions: 'type' },
  V1PodDisruptionBudgetStatus: { conditions: 'type' },
  V1ServiceCIDRStatus: { conditions: 'type' },
  V1CSINodeSpec: { drivers: 'name' },
  V1FlowSchemaStatus: { conditions: 'type' },
  V1PriorityLevelConfigurationStatus: { conditions: 'type' },
  V1APIServiceStatus: { conditions: 'type' },
  V1MutatingWebhookConfiguration: { webhooks: 'name' },
  V1MutatingWebhook: { matchConditions: 'name' },
  V1ValidatingWebhookConfiguration: { webhooks: 'name' },
  V1ValidatingWebhook: { matchConditions: 'name' },
};

/** Lists of plain values whose elements are united. */
const MERGED_SETS: Readonly<Record<string, readonly string[]>> = {
  V1ObjectMeta: ['finalizers'],
  V1NodeSpec: ['podCIDRs'],
};

/** Fields of whose members a patch keeps only those that it names: unions of which one may stand. */
const RETAINED: Readonly<Record<string, readonly string[]>> = {
  V1DeploymentSpec: ['strategy'],
  V1PodSpec: ['volumes', 'resourceClaims'],
};

export function retainsKeys(type: string, field: string): boolean {
  return RETAINED[type]?.includes(field) ?? false;
}

export type ListStrategy =
  | { readonly kind: 'byKey'; readonly key: string }
  | { readonly kind: 'set' }
  | { readonly kind: 'replace' };

export function listStrategy(type: string, field: string): ListStrategy {
  const key = MERGE_KEYS[type]?.[field];
  if (key !== undefined) return { kind: 'byKey', key };
  return MERGED_SETS[type]?.includes(field) ? { kind: 'set' } : { kind: 'replace' };
}
