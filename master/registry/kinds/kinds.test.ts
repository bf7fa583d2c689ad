/** Defaults, faults and columns of kinds that no control loop of ours acts on, by Kubernetes's API reference and documentation. */
import { describe, expect, it } from 'vitest';
import type { BuiltinKindName, KindMap } from '../../../shared/kubernetes/objects.ts';
import { KINDS } from '../kinds.ts';
import { decode } from '../schema.ts';
import { stored } from '../stored-object.ts';

const metadata = { name: 'it', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' };

/** The object as the registry has it: decoded, named and with defaults. */
function made<K extends BuiltinKindName>(id: K, content: object): KindMap[K] {
  const kind = KINDS[id];
  const { value, unknown, mistyped } = decode(kind.type, { metadata, ...content });
  expect([unknown, mistyped]).toEqual([[], []]);
  return kind.defaults(stored<K>(Object(value)));
}

function faultsOf<K extends BuiltinKindName>(id: K, content: object): string[] {
  return KINDS[id].validate(made(id, content)).map(({ field, message }) => `${field}: ${message}`);
}

function changeFaults<K extends BuiltinKindName>(id: K, next: object, current: object): string[] {
  const faults = KINDS[id].validateUpdate?.(made(id, next), made(id, current)) ?? [];
  return faults.map(({ field, message }) => `${field}: ${message}`);
}

function cellsOf<K extends BuiltinKindName>(id: K, content: object): unknown[] {
  const object = made(id, content);
  return KINDS[id].columns.filter(({ name }) => name !== 'Age').map(column => column.cell(object, 0));
}

const backend = { service: { name: 'web', port: { number: 80 } } };
const volume = {
  capacity: { storage: '5Gi' },
  accessModes: ['ReadWriteOnce'],
  hostPath: { path: '/data' },
};
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '8Gi' } } };

const DEFAULTS: [BuiltinKindName, object, object][] = [
  [
    'PersistentVolume',
    { spec: volume },
    { spec: { persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' } },
  ],
  ['PersistentVolumeClaim', { spec: claim }, { spec: { volumeMode: 'Filesystem' } }],
  ['StorageClass', { provisioner: 'a.b/c' }, { reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }],
  ['PriorityClass', { value: 1 }, { preemptionPolicy: 'PreemptLowerPriority' }],
  ['NetworkPolicy', { spec: { podSelector: {} } }, { spec: { policyTypes: ['Ingress'] } }],
  [
    'NetworkPolicy',
    { spec: { podSelector: {}, egress: [{ ports: [{ port: 53 }] }] } },
    { spec: { policyTypes: ['Ingress', 'Egress'], egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }] } },
  ],
  [
    'LimitRange',
    { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' } }] } },
    { spec: { limits: [{ default: { cpu: '2' }, defaultRequest: { cpu: '2', memory: '1Mi' } }] } },
  ],
  [
    'EndpointSlice',
    { addressType: 'IPv4', endpoints: [], ports: [{ port: 80 }] },
    { ports: [{ name: '', port: 80, protocol: 'TCP' }] },
  ],
  [
    'CSIDriver',
    { spec: {} },
    {
      spec: {
        attachRequired: true,
        fsGroupPolicy: 'ReadWriteOnceWithFSType',
        volumeLifecycleModes: ['Persistent'],
      },
    },
  ],
];

const FAULTS: [BuiltinKindName, object, string][] = [
  [
    'PersistentVolume',
    { spec: { ...volume, hostPath: undefined } },
    'spec: Required value: must specify a volume type',
  ],
  [
    'PersistentVolume',
    { spec: { ...volume, nfs: { path: '/', server: 's' } } },
    'spec.nfs: Forbidden: may not specify more than 1 volume type',
  ],
  [
    'PersistentVolume',
    { spec: { ...volume, accessModes: [] } },
    'spec.accessModes: Required value: at least 1 access mode is required',
  ],
  [
    'PersistentVolumeClaim',
    { spec: { accessModes: ['ReadWriteOnce'] } },
    'spec.resources[storage]: Required value',
  ],
  [
    'PersistentVolumeClaim',
    { spec: { ...claim, accessModes: ['RWO'] } },
    'spec.accessModes: Unsupported value: "RWO": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
  ],
  ['StorageClass', { provisioner: '' }, 'provisioner: Required value'],
  [
    'StorageClass',
    { provisioner: 'p', volumeBindingMode: 'Later' },
    'volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
  ],
  [
    'PriorityClass',
    { value: 2_000_000_000 },
    'value: Forbidden: maximum allowed value of a user defined priority is 1000000000',
  ],
  [
    'PriorityClass',
    { metadata: { ...metadata, name: 'system-mine' }, value: 1 },
    "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only",
  ],
  [
    'Ingress',
    { spec: {} },
    'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified',
  ],
  [
    'Ingress',
    { spec: { rules: [{ host: '10.0.0.1' }] } },
    'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
  ],
  [
    'Ingress',
    { spec: { rules: [{ http: { paths: [{ path: 'x', pathType: 'Prefix', backend }] } }] } },
    'spec.rules[0].http.paths[0].path: Invalid value: "x": must be an absolute path',
  ],
  [
    'Ingress',
    { spec: { defaultBackend: { service: { name: 'web' } } } },
    'spec.defaultBackend: Required value: port name or number is required',
  ],
  [
    'IngressClass',
    { spec: { controller: 'plain' } },
    'spec.controller: Invalid value: "plain": must be a domain-prefixed path (such as "acme.io/foo")',
  ],
  [
    'NetworkPolicy',
    { spec: { podSelector: {}, ingress: [{ from: [{}] }] } },
    'spec.ingress[0].from[0]: Required value: must specify a peer',
  ],
  [
    'NetworkPolicy',
    { spec: { podSelector: {}, ingress: [{ ports: [{ port: 90, endPort: 80 }] }] } },
    'spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
  ],
  [
    'LimitRange',
    { spec: { limits: [{ type: 'Pod', min: { cpu: '2' }, max: { cpu: '1' } }] } },
    'spec.limits[0].min[cpu]: Invalid value: "2": minimum value 2 is greater than max value 1',
  ],
  [
    'ResourceQuota',
    { spec: { hard: { cpu: '-1' } } },
    'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ],
  [
    'ResourceQuota',
    { spec: { scopes: ['Odd'] } },
    'spec.scopes: Unsupported value: "Odd": supported values: "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating"',
  ],
  [
    'Endpoints',
    { subsets: [{ addresses: [{ ip: 'x' }] }] },
    'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  [
    'Endpoints',
    { subsets: [{}] },
    'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
  ],
  [
    'EndpointSlice',
    { addressType: 'IPv4', endpoints: [{ addresses: ['::1'] }] },
    'endpoints[0].addresses[0]: Invalid value: "::1": must be an IPv4 address',
  ],
  [
    'RuntimeClass',
    { handler: '' },
    "handler: Invalid value: \"\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
  ],
  [
    'VolumeAttachment',
    { spec: { attacher: 'a', nodeName: 'n', source: {} } },
    'spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
  ],
  [
    'CSINode',
    {
      spec: {
        drivers: [
          { name: 'a', nodeID: '1' },
          { name: 'a', nodeID: '2' },
        ],
      },
    },
    'spec.drivers[1].name: Duplicate value: "a"',
  ],
  ['CSIStorageCapacity', { storageClassName: '' }, 'storageClassName: Required value'],
  ['PodTemplate', { template: {} }, 'template.spec: Required value'],
];

const CHANGES: [BuiltinKindName, object, object, string][] = [
  [
    'PersistentVolume',
    { spec: { ...volume, hostPath: { path: '/other' } } },
    { spec: volume },
    'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation',
  ],
  [
    'PersistentVolumeClaim',
    { spec: { ...claim, storageClassName: 'b' } },
    { spec: claim },
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims',
  ],
  [
    'StorageClass',
    { provisioner: 'b' },
    { provisioner: 'a' },
    'provisioner: Forbidden: updates to provisioner are forbidden.',
  ],
  ['PriorityClass', { value: 2 }, { value: 1 }, 'value: Forbidden: may not be changed in an update.'],
  ['RuntimeClass', { handler: 'b' }, { handler: 'a' }, 'handler: Invalid value: "b": field is immutable'],
  [
    'IngressClass',
    { spec: { controller: 'a.b/c' } },
    { spec: { controller: 'a.b/d' } },
    'spec.controller: Invalid value: "a.b/c": field is immutable',
  ],
  [
    'EndpointSlice',
    { addressType: 'IPv6', endpoints: [] },
    { addressType: 'IPv4', endpoints: [] },
    'addressType: Invalid value: "IPv6": field is immutable',
  ],
];

const ROWS: [BuiltinKindName, object, unknown[]][] = [
  [
    'PersistentVolume',
    {
      spec: { ...volume, storageClassName: 'slow', claimRef: { namespace: 'n', name: 'c' } },
      status: { phase: 'Bound' },
    },
    ['5Gi', 'RWO', 'Retain', 'Bound', 'n/c', 'slow', '<unset>', '', 'Filesystem'],
  ],
  [
    'PersistentVolumeClaim',
    {
      spec: { ...claim, volumeName: 'v' },
      status: { phase: 'Bound', capacity: { storage: '8Gi' }, accessModes: ['ReadWriteOnce'] },
    },
    ['Bound', 'v', '8Gi', 'RWO', '', '<unset>', 'Filesystem'],
  ],
  [
    'StorageClass',
    {
      metadata: { ...metadata, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'p',
    },
    ['it (default)', 'p', 'Delete', 'Immediate', false],
  ],
  [
    'Endpoints',
    {
      subsets: [
        { addresses: ['1', '2', '3', '4'].map(end => ({ ip: `10.0.0.${end}` })), ports: [{ port: 80 }] },
      ],
    },
    ['10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 1 more...'],
  ],
  ['EndpointSlice', { addressType: 'IPv4', endpoints: [] }, ['IPv4', '<unset>', '<unset>']],
  [
    'Ingress',
    {
      spec: { ingressClassName: 'nginx', tls: [{}], rules: [{ host: 'a.b' }] },
      status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
    },
    ['nginx', 'a.b', '10.0.0.1', '80, 443'],
  ],
  [
    'ResourceQuota',
    {
      spec: { hard: { 'requests.cpu': '1', 'limits.cpu': '2' } },
      status: { hard: { 'requests.cpu': '1', 'limits.cpu': '2' }, used: { 'requests.cpu': '500m' } },
    },
    ['requests.cpu: 500m/1', 'limits.cpu: 0/2'],
  ],
  ['NetworkPolicy', { spec: { podSelector: { matchLabels: { role: 'db' } } } }, ['role=db']],
  ['PriorityClass', { value: 7 }, [7, false, 'PreemptLowerPriority']],
  ['ServiceAccount', {}, ['0']],
  ['LimitRange', {}, ['2026-01-01T00:00:00Z']],
];

describe('a kind', () => {
  it.each(DEFAULTS)('%s fills in %j', (id, content, expected) => {
    const object = made(id, content);
    expect(object).toMatchObject(expected);
    expect(made(id, object)).toEqual(object);
  });

  it.each(FAULTS)('%s refuses %j', (id, content, expected) => {
    expect(faultsOf(id, content)).toEqual([expected]);
  });

  it.each(CHANGES)('%s may not become %j', (id, next, current, expected) => {
    expect(changeFaults(id, next, current)).toEqual([expected]);
    expect(changeFaults(id, current, current)).toEqual([]);
  });

  it.each(ROWS)('%s shows %j', (id, content, expected) => {
    expect(cellsOf(id, content)).toEqual(expected);
  });
});
