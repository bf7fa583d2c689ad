/** Deployments, ReplicaSets and DaemonSets in detail. Pure; the layout is kubectl's. */
import { countAt, type JsonObject, objectAt, stringsAt, textAt } from '../json.ts';
import { selectorText } from '../print/selector-text.ts';
import { containerLines, placementLines, volumeLines } from './containers.ts';
import {
  annotationLines,
  conditionTable,
  controlledBy,
  indent,
  type Lines,
  labelLines,
  timeText,
} from './lines.ts';

function headLines(object: JsonObject): Lines {
  return [
    `Name:\t${textAt(object, 'metadata', 'name')}`,
    `Namespace:\t${textAt(object, 'metadata', 'namespace')}`,
  ];
}

function templateLines(object: JsonObject): Lines {
  const template = objectAt(object, 'spec', 'template');
  const spec = objectAt(template, 'spec');
  const annotations = stringsAt(template, 'metadata', 'annotations');
  return [
    'Pod Template:',
    ...indent(1, [
      ...labelLines(stringsAt(template, 'metadata', 'labels')),
      ...(Object.keys(annotations).length > 0 ? annotationLines(template, 'metadata') : []),
      ...containerLines('Init Containers', spec, 'initContainers', []),
      ...containerLines('Containers', spec, 'containers', []),
      ...volumeLines(spec),
      ...placementLines(spec),
    ]),
  ];
}

/** `sets` are the Deployment's ReplicaSets, in any order. */
export function describeDeployment(deployment: JsonObject, sets: readonly JsonObject[]): Lines {
  const status = (field: string) => countAt(deployment, 'status', field);
  const wanted = textAt(deployment, 'spec', 'replicas') ?? 1;
  const rolling = objectAt(deployment, 'spec', 'strategy', 'rollingUpdate');
  return [
    ...headLines(deployment),
    `CreationTimestamp:\t${timeText(textAt(deployment, 'metadata', 'creationTimestamp'))}`,
    ...labelLines(stringsAt(deployment, 'metadata', 'labels')),
    ...annotationLines(deployment, 'metadata'),
    `Selector:\t${selectorText(deployment) ?? '<none>'}`,
    `Replicas:\t${wanted} desired | ${status('updatedReplicas')} updated | ${status('replicas')} total | ${status('availableReplicas')} available | ${status('unavailableReplicas')} unavailable`,
    `StrategyType:\t${textAt(deployment, 'spec', 'strategy', 'type') ?? 'RollingUpdate'}`,
    `MinReadySeconds:\t${countAt(deployment, 'spec', 'minReadySeconds')}`,
    ...(Object.keys(rolling).length === 0
      ? []
      : [
          `RollingUpdateStrategy:\t${textAt(rolling, 'maxUnavailable') ?? '25%'} max unavailable, ${textAt(rolling, 'maxSurge') ?? '25%'} max surge`,
        ]),
    ...templateLines(deployment),
    ...conditionTable(
      deployment,
      [
        ['Type', 'type'],
        ['Status', 'status'],
        ['Reason', 'reason'],
      ],
      1,
    ),
    ...setLines(deployment, sets),
  ];
}

const REVISION = 'deployment.kubernetes.io/revision';

function setLines(deployment: JsonObject, sets: readonly JsonObject[]): Lines {
  if (sets.length === 0) return [];
  const revision = (object: JsonObject) => Number(textAt(object, 'metadata', 'annotations', REVISION) ?? 0);
  const newest = sets.find(set => revision(set) === revision(deployment));
  const text = (set: JsonObject) =>
    `${textAt(set, 'metadata', 'name')} (${countAt(set, 'status', 'replicas')}/${countAt(set, 'spec', 'replicas')} replicas created)`;
  const old = sets.filter(set => set !== newest).sort((a, b) => revision(a) - revision(b));
  return [
    `OldReplicaSets:\t${old.map(text).join(', ') || '<none>'}`,
    `NewReplicaSet:\t${newest === undefined ? '<none>' : text(newest)}`,
  ];
}

/** How many pods are in each phase. */
export type PodCounts = Readonly<Record<string, number>>;

function countsLine(counts: PodCounts): string {
  const of = (phase: string) => counts[phase] ?? 0;
  return `Pods Status:\t${of('Running')} Running / ${of('Pending')} Waiting / ${of('Succeeded')} Succeeded / ${of('Failed')} Failed`;
}

export function describeReplicaSet(set: JsonObject, counts: PodCounts): Lines {
  const owner = controlledBy(set);
  return [
    ...headLines(set),
    `Selector:\t${selectorText(set) ?? '<none>'}`,
    ...labelLines(stringsAt(set, 'metadata', 'labels')),
    ...annotationLines(set, 'metadata'),
    ...(owner === undefined ? [] : [`Controlled By:\t${owner}`]),
    `Replicas:\t${countAt(set, 'status', 'replicas')} current / ${textAt(set, 'spec', 'replicas') ?? 1} desired`,
    countsLine(counts),
    ...templateLines(set),
    ...conditionTable(
      set,
      [
        ['Type', 'type'],
        ['Status', 'status'],
        ['Reason', 'reason'],
      ],
      1,
    ),
  ];
}

export function describeDaemonSet(set: JsonObject, counts: PodCounts): Lines {
  const status = (field: string) => countAt(set, 'status', field);
  const nodes = Object.entries(stringsAt(set, 'spec', 'template', 'spec', 'nodeSelector')).map(
    ([k, v]) => `${k}=${v}`,
  );
  return [
    ...headLines(set),
    `Selector:\t${selectorText(set) ?? '<none>'}`,
    `Node-Selector:\t${nodes.join(',') || '<none>'}`,
    ...labelLines(stringsAt(set, 'metadata', 'labels')),
    ...annotationLines(set, 'metadata'),
    `Desired Number of Nodes Scheduled: ${status('desiredNumberScheduled')}`,
    `Current Number of Nodes Scheduled: ${status('currentNumberScheduled')}`,
    `Number of Nodes Scheduled with Up-to-date Pods: ${status('updatedNumberScheduled')}`,
    `Number of Nodes Scheduled with Available Pods: ${status('numberAvailable')}`,
    `Number of Nodes Misscheduled: ${status('numberMisscheduled')}`,
    countsLine(counts),
    ...templateLines(set),
  ];
}
