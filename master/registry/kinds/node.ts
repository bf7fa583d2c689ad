/** core/v1 Node. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Node } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkOneOf, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';

const ROLE_LABEL = 'node-role.kubernetes.io/';

export const node: Kind<'Node'> = {
  id: 'Node',
  kind: 'Node',
  group: '',
  version: 'v1',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  type: 'V1Node',
  subresources: ['status'],
  columns: [
    { name: 'Status', type: 'string', cell: shownStatus },
    { name: 'Roles', type: 'string', cell: shownRoles },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
    { name: 'Version', type: 'string', cell: ({ status }) => status?.nodeInfo?.kubeletVersion ?? '' },
    { name: 'Internal-IP', type: 'string', priority: 1, cell: object => addressOf(object, 'InternalIP') },
    { name: 'External-IP', type: 'string', priority: 1, cell: object => addressOf(object, 'ExternalIP') },
    {
      name: 'OS-Image',
      type: 'string',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.osImage ?? '<unknown>',
    },
    {
      name: 'Kernel-Version',
      type: 'string',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.kernelVersion ?? '<unknown>',
    },
    {
      name: 'Container-Runtime',
      type: 'string',
      priority: 1,
      cell: ({ status }) => status?.nodeInfo?.containerRuntimeVersion ?? '<unknown>',
    },
  ],
  selectableFields: { 'spec.unschedulable': ({ spec }) => String(spec?.unschedulable ?? false) },
  defaults: object => ({ ...object, spec: object.spec ?? {} }),
  validate: ({ spec }) => (spec?.taints ?? []).flatMap(validateTaint),
};

function validateTaint(taint: { key: string; effect: string }, index: number): StatusCause[] {
  return [
    ...(taint.key ? [] : [requiredValue(`spec.taints[${index}].key`)]),
    ...checkOneOf(`spec.taints[${index}].effect`, taint.effect, [
      'NoSchedule',
      'PreferNoSchedule',
      'NoExecute',
    ]),
  ];
}

function shownStatus({ spec, status }: Node): string {
  const ready = status?.conditions?.find(condition => condition.type === 'Ready');
  const words = [ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady'];
  return [...words, ...(spec?.unschedulable ? ['SchedulingDisabled'] : [])].join(',');
}

function shownRoles({ metadata }: Node): string {
  const roles = Object.keys(metadata.labels ?? {}).flatMap(key =>
    key.startsWith(ROLE_LABEL) ? [key.slice(ROLE_LABEL.length)] : [],
  );
  return roles.length === 0 ? '<none>' : roles.sort().join(',');
}

function addressOf({ status }: Node, type: string): string {
  return status?.addresses?.find(address => address.type === type)?.address ?? '<none>';
}
