/** core/v1 Pod. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { qosClassOf } from '../../../shared/kubernetes/qos-class.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { forbidden } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { validateEphemeralContainers } from './ephemeral-containers.ts';
import { shownReadinessGates, shownReady, shownRestarts, shownStatus } from './pod-columns.ts';
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts';

export const pod: Kind<'Pod'> = {
  id: 'Pod',
  kind: 'Pod',
  group: '',
  version: 'v1',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  type: 'V1Pod',
  subresources: [
    'status',
    'binding',
    'ephemeralcontainers',
    'log',
    'eviction',
    'exec',
    'attach',
    'portforward',
    'proxy',
  ],
  metadataWithStatus: ['labels', 'annotations', 'finalizers'],
  columns: [
    { name: 'Ready', type: 'string', cell: shownReady },
    { name: 'Status', type: 'string', cell: shownStatus },
    { name: 'Restarts', type: 'string', cell: shownRestarts },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
    { name: 'IP', type: 'string', priority: 1, cell: ({ status }) => status?.podIP ?? '<none>' },
    { name: 'Node', type: 'string', priority: 1, cell: ({ spec }) => spec.nodeName ?? '<none>' },
    {
      name: 'Nominated Node',
      type: 'string',
      priority: 1,
      cell: ({ status }) => status?.nominatedNodeName ?? '<none>',
    },
    { name: 'Readiness Gates', type: 'string', priority: 1, cell: shownReadinessGates },
  ],
  selectableFields: {
    'spec.nodeName': ({ spec }) => spec.nodeName ?? '',
    'spec.restartPolicy': ({ spec }) => spec.restartPolicy ?? '',
    'spec.schedulerName': ({ spec }) => spec.schedulerName ?? '',
    'spec.serviceAccountName': ({ spec }) => spec.serviceAccountName ?? '',
    'spec.hostNetwork': ({ spec }) => String(spec.hostNetwork ?? false),
    'status.phase': ({ status }) => status?.phase ?? '',
    'status.podIP': ({ status }) => status?.podIP ?? '',
    'status.nominatedNodeName': ({ status }) => status?.nominatedNodeName ?? '',
  },
  defaults: object => ({
    ...object,
    spec: { ...defaultPodSpec(object.spec), enableServiceLinks: object.spec.enableServiceLinks ?? true },
  }),
  initialStatus: ({ spec }) => ({ phase: 'Pending', qosClass: qosClassOf(spec) }),
  validate: (object, before) => [
    ...validatePodSpec(object.spec, 'spec'),
    ...(before === undefined && object.spec.ephemeralContainers?.length
      ? [forbidden('spec.ephemeralContainers', 'cannot be set on create')]
      : validateEphemeralContainers(object.spec)),
  ],
  validateUpdate: validatePodUpdate,
  graceSeconds(object, wanted) {
    const phase = object.status?.phase;
    if (!object.spec.nodeName || phase === 'Succeeded' || phase === 'Failed') return undefined;
    const seconds = wanted ?? object.spec.terminationGracePeriodSeconds ?? 30;
    return seconds > 0 ? seconds : undefined;
  },
};

/** A bound pod's spec stays as it is, but for images, deadlines and added tolerations. */
function validatePodUpdate(next: Pod, current: Pod): StatusCause[] {
  const withoutMutable = ({ spec }: Pod) => ({
    ...spec,
    containers: spec.containers.map(({ image: _image, ...rest }) => rest),
    initContainers: (spec.initContainers ?? []).map(({ image: _image, ...rest }) => rest),
    activeDeadlineSeconds: undefined,
    terminationGracePeriodSeconds: undefined,
    tolerations: undefined,
  });
  const keptTolerations = (current.spec.tolerations ?? []).every(toleration =>
    (next.spec.tolerations ?? []).some(candidate => isDeepStrictEqual(candidate, toleration)),
  );
  if (isDeepStrictEqual(withoutMutable(next), withoutMutable(current)) && keptTolerations) return [];
  return [
    forbidden(
      'spec',
      'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
    ),
  ];
}
