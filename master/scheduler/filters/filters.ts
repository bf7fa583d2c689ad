/** Every rule, cheapest and most telling first: a node's first failing rule is the reason that is told. */
import type { Filter } from './filter.ts';
import { filterHostPorts } from './host-ports.ts';
import { filterNodeAffinity } from './node-affinity.ts';
import { filterNodeName } from './node-name.ts';
import { filterNodeReady } from './node-ready.ts';
import { filterPodAffinity } from './pod-affinity.ts';
import { filterResources } from './resources.ts';
import { filterTaints } from './taints.ts';
import { filterUnschedulable } from './unschedulable.ts';
import { filterVolumes } from './volumes.ts';

export const FILTERS: readonly Filter[] = [
  filterUnschedulable,
  filterNodeName,
  filterTaints,
  filterNodeReady,
  filterNodeAffinity,
  filterHostPorts,
  filterResources,
  filterVolumes,
  filterPodAffinity,
];
