/** A node in detail, with what its pods have asked for. Pure; the layout is kubectl's. */

import { formatAge } from '../../shared/kubernetes/time.ts';
import { formatBytes, formatCpuMilli, parseBytes, parseCpuMilli } from '../../shared/quantity.ts';
import { at, type JsonObject, listAt, objectAt, stringsAt, textAt } from '../json.ts';
import { annotationLines, conditionTable, indent, type Lines, labelLines, many, timeText } from './lines.ts';

export type NodeSurroundings = {
  /** The pods bound to it, in any state. */
  readonly pods: readonly JsonObject[];
  /** Its lease, where there is one. */
  readonly lease: JsonObject | undefined;
  readonly nowMs: number;
};

const ROLE = 'node-role.kubernetes.io/';

export function describeNode(node: JsonObject, { pods, lease, nowMs }: NodeSurroundings): Lines {
  const labels = stringsAt(node, 'metadata', 'labels');
  const roles = Object.keys(labels)
    .filter(key => key.startsWith(ROLE))
    .map(key => key.slice(ROLE.length));
  const taints = listAt(node, 'spec', 'taints').map(
    taint =>
      `${textAt(taint, 'key')}${textAt(taint, 'value') ? `=${textAt(taint, 'value')}` : ''}:${textAt(taint, 'effect')}`,
  );
  return [
    `Name:\t${textAt(node, 'metadata', 'name')}`,
    `Roles:\t${roles.sort().join(',') || '<none>'}`,
    ...labelLines(labels),
    ...annotationLines(node, 'metadata'),
    `CreationTimestamp:\t${timeText(textAt(node, 'metadata', 'creationTimestamp'))}`,
    ...many('Taints', taints),
    `Unschedulable:\t${at(node, 'spec', 'unschedulable') === true}`,
    ...leaseLines(lease),
    ...conditionTable(
      node,
      [
        ['Type', 'type'],
        ['Status', 'status'],
        ['LastHeartbeatTime', 'lastHeartbeatTime'],
        ['LastTransitionTime', 'lastTransitionTime'],
        ['Reason', 'reason'],
        ['Message', 'message'],
      ],
      5,
    ),
    'Addresses:',
    ...indent(
      1,
      listAt(node, 'status', 'addresses').map(each => `${textAt(each, 'type')}:\t${textAt(each, 'address')}`),
    ),
    ...amounts('Capacity', objectAt(node, 'status', 'capacity')),
    ...amounts('Allocatable', objectAt(node, 'status', 'allocatable')),
    ...systemInfoLines(node),
    ...podsLines(node, pods, nowMs),
  ];
}

function leaseLines(lease: JsonObject | undefined): Lines {
  if (lease === undefined) return [];
  return [
    'Lease:',
    ...indent(1, [
      `HolderIdentity:\t${textAt(lease, 'spec', 'holderIdentity') ?? '<unset>'}`,
      `AcquireTime:\t${timeText(textAt(lease, 'spec', 'acquireTime'))}`,
      `RenewTime:\t${timeText(textAt(lease, 'spec', 'renewTime'))}`,
    ]),
  ];
}

function amounts(title: string, values: JsonObject): Lines {
  if (Object.keys(values).length === 0) return [];
  return [
    `${title}:`,
    ...indent(
      1,
      Object.entries(values)
        .sort()
        .map(([key, value]) => `${key}:\t${value}`),
    ),
  ];
}

const SYSTEM_INFO = [
  ['Machine ID', 'machineID'],
  ['System UUID', 'systemUUID'],
  ['Boot ID', 'bootID'],
  ['Kernel Version', 'kernelVersion'],
  ['OS Image', 'osImage'],
  ['Operating System', 'operatingSystem'],
  ['Architecture', 'architecture'],
  ['Container Runtime Version', 'containerRuntimeVersion'],
  ['Kubelet Version', 'kubeletVersion'],
  ['Kube-Proxy Version', 'kubeProxyVersion'],
] as const;

function systemInfoLines(node: JsonObject): Lines {
  const lines = SYSTEM_INFO.map(
    ([title, field]) => `${title}:\t${textAt(node, 'status', 'nodeInfo', field) ?? ''}`,
  );
  return ['System Info:', ...indent(1, lines)];
}

type Amounts = { readonly cpuMilli: number; readonly memoryBytes: number; readonly storageBytes: number };

function podsLines(node: JsonObject, pods: readonly JsonObject[], nowMs: number): Lines {
  const running = pods.filter(pod => !['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase') ?? ''));
  const limit = amountsOf(objectAt(node, 'status', 'allocatable'));
  const rows = running.map(pod => {
    const [requests, limits] = [podAmounts(pod, 'requests'), podAmounts(pod, 'limits')];
    return [
      textAt(pod, 'metadata', 'namespace'),
      textAt(pod, 'metadata', 'name'),
      '',
      cpuText(requests, limit),
      cpuText(limits, limit),
      bytesText(requests, limit, 'memoryBytes'),
      bytesText(limits, limit, 'memoryBytes'),
      formatAge(textAt(pod, 'metadata', 'creationTimestamp'), nowMs),
    ].join('\t');
  });
  const total = (field: 'requests' | 'limits') =>
    running.map(pod => podAmounts(pod, field)).reduce(add, NOTHING);
  const [requests, limits] = [total('requests'), total('limits')];
  return [
    `Non-terminated Pods:\t(${running.length} in total)`,
    ...indent(1, [
      'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge',
      '---------\t----\t\t------------\t----------\t---------------\t-------------\t---',
      ...rows,
    ]),
    'Allocated resources:',
    ...indent(1, [
      '(Total limits may be over 100 percent, i.e., overcommitted.)',
      'Resource\tRequests\tLimits',
      '--------\t--------\t------',
      `cpu\t${cpuText(requests, limit)}\t${cpuText(limits, limit)}`,
      `memory\t${bytesText(requests, limit, 'memoryBytes')}\t${bytesText(limits, limit, 'memoryBytes')}`,
      `ephemeral-storage\t${bytesText(requests, limit, 'storageBytes')}\t${bytesText(limits, limit, 'storageBytes')}`,
    ]),
  ];
}

const NOTHING: Amounts = { cpuMilli: 0, memoryBytes: 0, storageBytes: 0 };

const add = (a: Amounts, b: Amounts): Amounts => ({
  cpuMilli: a.cpuMilli + b.cpuMilli,
  memoryBytes: a.memoryBytes + b.memoryBytes,
  storageBytes: a.storageBytes + b.storageBytes,
});

function amountsOf(values: JsonObject): Amounts {
  return {
    cpuMilli: parseCpuMilli(textAt(values, 'cpu') ?? '0') ?? 0,
    memoryBytes: parseBytes(textAt(values, 'memory') ?? '0') ?? 0,
    storageBytes: parseBytes(textAt(values, 'ephemeral-storage') ?? '0') ?? 0,
  };
}

/** Kubernetes's rule: the sum of the containers, but no less than any single init container asks for. */
function podAmounts(pod: JsonObject, field: 'requests' | 'limits'): Amounts {
  const of = (list: string) =>
    listAt(pod, 'spec', list).map(each => amountsOf(objectAt(each, 'resources', field)));
  return of('initContainers').reduce(
    (most, each) => ({
      cpuMilli: Math.max(most.cpuMilli, each.cpuMilli),
      memoryBytes: Math.max(most.memoryBytes, each.memoryBytes),
      storageBytes: Math.max(most.storageBytes, each.storageBytes),
    }),
    of('containers').reduce(add, NOTHING),
  );
}

const percent = (part: number, whole: number) => (whole === 0 ? 0 : Math.trunc((part / whole) * 100));

function cpuText({ cpuMilli }: Amounts, whole: Amounts): string {
  return `${formatCpuMilli(cpuMilli)} (${percent(cpuMilli, whole.cpuMilli)}%)`;
}

function bytesText(part: Amounts, whole: Amounts, field: 'memoryBytes' | 'storageBytes'): string {
  return `${formatBytes(part[field])} (${percent(part[field], whole[field])}%)`;
}
