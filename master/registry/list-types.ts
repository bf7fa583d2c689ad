/**
 * How ownership treats the lists, maps and structs of the API: facts that the field tables do not carry.
 * Source: x-kubernetes-list-type, -list-map-keys and -map-type in Kubernetes's published OpenAPI, 1.34.
 * They differ from the keys of strategic merge patches (master/api-server/patch/merge-keys.ts): ports there go by number alone.
 */

/** Type → field → the members by which elements are told apart. Lists named neither here nor below are atomic. */
const LIST_MAP_KEYS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  V1ObjectMeta: { ownerReferences: ['uid'] },
  V1PodSpec: {
    containers: ['name'],
    ephemeralContainers: ['name'],
    hostAliases: ['ip'],
    imagePullSecrets: ['name'],
    initContainers: ['name'],
    resourceClaims: ['name'],
    schedulingGates: ['name'],
    topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
    volumes: ['name'],
  },
  V1Container: {
    env: ['name'],
    ports: ['containerPort', 'protocol'],
    volumeDevices: ['devicePath'],
    volumeMounts: ['mountPath'],
  },
  V1EphemeralContainer: {
    env: ['name'],
    ports: ['containerPort', 'protocol'],
    volumeDevices: ['devicePath'],
    volumeMounts: ['mountPath'],
  },
  V1ResourceRequirements: { claims: ['name'] },
  V1ContainerStatus: { allocatedResourcesStatus: ['name'], volumeMounts: ['mountPath'] },
  V1ResourceStatus: { resources: ['resourceID'] },
  V1PodStatus: { conditions: ['type'], podIPs: ['ip'], resourceClaimStatuses: ['name'] },
  V1NodeStatus: { addresses: ['type'], conditions: ['type'] },
  V1NamespaceStatus: { conditions: ['type'] },
  V1ReplicationControllerStatus: { conditions: ['type'] },
  V1ServiceSpec: { ports: ['port', 'protocol'] },
  V1ServiceStatus: { conditions: ['type'] },
  V1ServiceAccount: { secrets: ['name'] },
  V1PersistentVolumeClaimStatus: { conditions: ['type'] },
  V1ComponentStatus: { conditions: ['type'] },
  V1DeploymentStatus: { conditions: ['type'] },
  V1ReplicaSetStatus: { conditions: ['type'] },
  V1DaemonSetStatus: { conditions: ['type'] },
  V1StatefulSetStatus: { conditions: ['type'] },
  V2HorizontalPodAutoscalerStatus: { conditions: ['type'] },
  V1CertificateSigningRequestStatus: { conditions: ['type'] },
  V1ServiceCIDRStatus: { conditions: ['type'] },
  V1PodDisruptionBudgetStatus: { conditions: ['type'] },
  V1CSINodeSpec: { drivers: ['name'] },
  V1FlowSchemaStatus: { conditions: ['type'] },
  V1PriorityLevelConfigurationStatus: { conditions: ['type'] },
  V1CustomResourceDefinitionStatus: { conditions: ['type'] },
  V1JSONSchemaProps: { 'x-kubernetes-validations': ['rule'] },
  V1APIServiceStatus: { conditions: ['type'] },
  V1MutatingWebhookConfiguration: { webhooks: ['name'] },
  V1MutatingWebhook: { matchConditions: ['name'] },
  V1ValidatingWebhookConfiguration: { webhooks: ['name'] },
  V1ValidatingWebhook: { matchConditions: ['name'] },
  V1ValidatingAdmissionPolicySpec: { matchConditions: ['name'], variables: ['name'] },
  V1ValidatingAdmissionPolicyStatus: { conditions: ['type'] },
};

/** What an element counts as having when it leaves a key out: the API's own defaults. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' };

/** Lists of plain values, each owned for itself. */
const SETS: Readonly<Record<string, readonly string[]>> = {
  V1ObjectMeta: ['finalizers'],
  V1NodeSpec: ['podCIDRs'],
  V1Endpoint: ['addresses'],
  V1UncountedTerminatedPods: ['failed', 'succeeded'],
  V1PodFailurePolicyOnExitCodesRequirement: ['values'],
  V1CSIDriverSpec: ['volumeLifecycleModes'],
  V1ValidatingAdmissionPolicyBindingSpec: ['validationActions'],
};

/** Structs that are owned whole. */
const ATOMIC_STRUCTS: ReadonlySet<string> = new Set([
  'V1LabelSelector',
  'V1OwnerReference',
  'V1ConfigMapKeySelector',
  'V1FileKeySelector',
  'V1LocalObjectReference',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectFieldSelector',
  'V1ObjectReference',
  'V1ResourceFieldSelector',
  'V1ScopeSelector',
  'V1SecretKeySelector',
  'V1SecretReference',
  'V1TopologySelectorTerm',
  'V1TypedLocalObjectReference',
  'V1EndpointAddress',
  'CoreV1EndpointPort',
  'DiscoveryV1EndpointPort',
  'V1CrossVersionObjectReference',
  'V1ServiceBackendPort',
  'V1RoleRef',
  'RbacV1Subject',
  'V1MatchResources',
  'V1NamedRuleWithOperations',
  'V1ParamKind',
  'V1ParamRef',
  'V1Variable',
]);

/** Maps, and fields of a struct type, that say otherwise than their type. */
const FIELD_MAP_TYPES: Readonly<Record<string, Readonly<Record<string, 'atomic' | 'granular'>>>> = {
  V1PodSpec: { nodeSelector: 'atomic' },
  V1Scheduling: { nodeSelector: 'atomic' },
  V1ServiceSpec: { selector: 'atomic' },
  V1ReplicationControllerSpec: { selector: 'atomic' },
  V1PersistentVolumeSpec: { claimRef: 'granular' },
  V1PersistentVolumeClaimStatus: { allocatedResourceStatuses: 'granular' },
};

export type ListType =
  | { readonly kind: 'atomic' }
  | { readonly kind: 'set' }
  | { readonly kind: 'map'; readonly keys: readonly { readonly name: string; readonly default?: string }[] };

/** How the list in this field of a type is owned. */
export function listType(type: string, field: string): ListType {
  const keys = LIST_MAP_KEYS[type]?.[field];
  if (keys !== undefined) return { kind: 'map', keys: keys.map(keyOf) };
  return SETS[type]?.includes(field) ? { kind: 'set' } : { kind: 'atomic' };
}

function keyOf(name: string) {
  const fallback = KEY_DEFAULTS[name];
  return fallback === undefined ? { name } : { name, default: fallback };
}

/** True for a struct that is owned whole wherever no field says otherwise. */
export function isAtomicStruct(type: string): boolean {
  return ATOMIC_STRUCTS.has(type);
}

/** How a map or struct in this field is owned, when the field says so itself. */
export function fieldMapType(type: string, field: string): 'atomic' | 'granular' | undefined {
  return FIELD_MAP_TYPES[type]?.[field];
}

/** Every fact that names a field, for a test to hold against the field tables. */
export function namedListFields(): readonly {
  readonly type: string;
  readonly field: string;
  readonly keys: readonly string[];
}[] {
  return [
    ...Object.entries(LIST_MAP_KEYS).flatMap(([type, fields]) =>
      Object.entries(fields).map(([field, keys]) => ({ type, field, keys })),
    ),
    ...Object.entries(SETS).flatMap(([type, fields]) => fields.map(field => ({ type, field, keys: [] }))),
  ];
}
