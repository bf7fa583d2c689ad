import { describe, expect, it } from 'vitest';
import type { Node, Pod } from '../../../shared/kubernetes/objects.ts';
import { aNode, aPod, requesting } from '../../../test/support/builders.ts';
import { claimOf, loadOf } from '../node-load.ts';
import { FILTERS } from './filters.ts';
import { podAffinityOf } from './pod-affinity.ts';

function refusal(pod: Pod, node: Node, present: readonly Pod[] = [], others: readonly [Node, Pod[]][] = []) {
  const load = loadOf(node, present);
  const loads = [load, ...others.map(([other, pods]) => loadOf(other, pods))];
  const claim = claimOf(pod);
  const affinity = podAffinityOf(claim, loads, () => ({}));
  return FILTERS.map(filter => filter({ claim, load, affinity })).find(reasons => reasons.length > 0) ?? [];
}

const tainted = { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] };
const portPod = (name: string, hostPort: number) =>
  aPod({ name, spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort }] }] } });
const inZone = (zone: string) => aNode({ name: zone, meta: { labels: { zone } } });
const term = { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'zone' };
const near = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
const away = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term] } };
const db = aPod({ name: 'db', meta: { labels: { app: 'db' } }, spec: { nodeName: 'x' }, ready: true });
const fields = (name: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
});

const requestingDisk = (amount: string) => ({
  containers: [{ name: 'main', resources: { requests: { 'ephemeral-storage': amount } } }],
});

describe('filters', () => {
  it.each<{
    name: string;
    pod?: Pod;
    node?: Node;
    present?: Pod[];
    others?: [Node, Pod[]][];
    want: string[];
  }>([
    { name: 'lets a dull pod onto a dull node', want: [] },
    { name: 'cordon', node: aNode({ spec: { unschedulable: true } }), want: ['node(s) were unschedulable'] },
    {
      name: 'tolerated cordon',
      node: aNode({ spec: { unschedulable: true } }),
      pod: aPod({ spec: { tolerations: [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }] } }),
      want: [],
    },
    { name: 'node not ready', node: aNode({ ready: 'Unknown' }), want: ['node(s) were not ready'] },
    {
      name: 'taint',
      node: aNode({ spec: tainted }),
      want: ['node(s) had untolerated taint {dedicated: gpu}'],
    },
    {
      name: 'tolerated taint',
      node: aNode({ spec: tainted }),
      pod: aPod({ spec: { tolerations: [{ key: 'dedicated', value: 'gpu' }] } }),
      want: [],
    },
    {
      name: 'taint that only prefers',
      node: aNode({ spec: { taints: [{ key: 'a', effect: 'PreferNoSchedule' }] } }),
      want: [],
    },
    {
      name: 'nodeSelector',
      pod: aPod({ spec: { nodeSelector: { disk: 'ssd' } } }),
      want: ["node(s) didn't match Pod's node affinity/selector"],
    },
    { name: 'affinity by name', pod: aPod({ spec: { affinity: fields('node') } }), want: [] },
    {
      name: 'affinity by another name',
      pod: aPod({ spec: { affinity: fields('other') } }),
      want: ["node(s) didn't match Pod's node affinity/selector"],
    },
    {
      name: 'cpu and memory',
      pod: aPod({ spec: requesting('5', '5Gi') }),
      want: ['Insufficient cpu', 'Insufficient memory'],
    },
    {
      name: 'disk',
      pod: aPod({ spec: requestingDisk('2Gi') }),
      want: ['Insufficient ephemeral-storage'],
    },
    {
      name: 'disk that others hold',
      node: aNode({ allocatable: { pods: '110', 'ephemeral-storage': '3Gi' } }),
      pod: aPod({ spec: requestingDisk('2Gi') }),
      present: [aPod({ name: 'a', spec: requestingDisk('2Gi') })],
      want: ['Insufficient ephemeral-storage'],
    },
    {
      name: 'cpu that others hold',
      pod: aPod({ spec: requesting('2', '1Gi') }),
      present: [aPod({ name: 'a', spec: requesting('2100m', '0') })],
      want: ['Insufficient cpu'],
    },
    {
      name: 'cpu that an ended pod held',
      pod: aPod({ spec: requesting('2', '1Gi') }),
      present: [aPod({ name: 'a', spec: requesting('4', '0'), status: { phase: 'Succeeded' } })],
      want: [],
    },
    {
      name: 'exactly the rest',
      pod: aPod({ spec: requesting('1500m', '2Gi') }),
      present: [aPod({ name: 'a', spec: requesting('2500m', '2Gi') })],
      want: [],
    },
    {
      name: 'number of pods',
      node: aNode({ allocatable: { cpu: '4', memory: '4Gi', pods: '1' } }),
      present: [aPod({ name: 'a' })],
      want: ['Too many pods'],
    },
    {
      name: 'host port',
      pod: portPod('a', 8080),
      present: [portPod('b', 8080)],
      want: ["node(s) didn't have free ports for the requested pod ports"],
    },
    { name: 'another host port', pod: portPod('a', 8080), present: [portPod('b', 8081)], want: [] },
    {
      name: 'affinity to pods that are elsewhere',
      node: inZone('a'),
      pod: aPod({ spec: { affinity: near } }),
      others: [[inZone('b'), [db]]],
      want: ["node(s) didn't match pod affinity rules"],
    },
    {
      name: 'affinity to pods in the same zone',
      node: inZone('a'),
      pod: aPod({ spec: { affinity: near } }),
      others: [[aNode({ name: 'a2', meta: { labels: { zone: 'a' } } }), [db]]],
      want: [],
    },
    {
      name: 'affinity of the first of its kind to itself',
      node: inZone('a'),
      pod: aPod({ meta: { labels: { app: 'db' } }, spec: { affinity: near } }),
      want: [],
    },
    {
      name: 'anti-affinity to pods in the same zone',
      node: inZone('a'),
      pod: aPod({ spec: { affinity: away } }),
      present: [db],
      want: ["node(s) didn't match pod anti-affinity rules"],
    },
    {
      name: 'anti-affinity of a pod that is there',
      node: inZone('a'),
      pod: aPod({ name: 'new', meta: { labels: { app: 'db' } } }),
      present: [aPod({ name: 'shy', spec: { affinity: away } })],
      want: ["node(s) didn't satisfy existing pods anti-affinity rules"],
    },
  ])('$name', ({ pod = aPod(), node = aNode(), present = [], others = [], want }) => {
    expect(refusal(pod, node, present, others)).toEqual(want);
  });
});
