/** apps/v1 StatefulSet. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { StatefulSet } from '../../../shared/kubernetes/objects.ts';
import { checkOneOf, checkRange, forbidden, invalidValue, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';
import {
  defaultTemplate,
  formatSelector,
  templateColumns,
  validateSelectorAndTemplate,
} from './pod-template.ts';

export const statefulSet: Kind<'StatefulSet'> = {
  id: 'StatefulSet',
  kind: 'StatefulSet',
  group: 'apps',
  version: 'v1',
  plural: 'statefulsets',
  singular: 'statefulset',
  shortNames: ['sts'],
  categories: ['all'],
  namespaced: true,
  type: 'V1StatefulSet',
  subresources: ['status', 'scale'],
  columns: [
    {
      name: 'Ready',
      type: 'string',
      cell: ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    },
    ageColumn,
    ...templateColumns.filter(({ name }) => name !== 'Selector'),
  ],
  selectableFields: {},
  initialStatus: () => ({ replicas: 0, availableReplicas: 0 }),
  defaults(object) {
    const { spec } = object;
    if (spec === undefined) return object;
    const { type = 'RollingUpdate', rollingUpdate } = spec.updateStrategy ?? {};
    const partition = { ...rollingUpdate, partition: rollingUpdate?.partition ?? 0 };
    const { whenDeleted = 'Retain', whenScaled = 'Retain' } = spec.persistentVolumeClaimRetentionPolicy ?? {};
    return {
      ...object,
      spec: {
        ...spec,
        podManagementPolicy: spec.podManagementPolicy ?? 'OrderedReady',
        updateStrategy: { type, ...(type === 'RollingUpdate' ? { rollingUpdate: partition } : {}) },
        persistentVolumeClaimRetentionPolicy: { whenDeleted, whenScaled },
        replicas: spec.replicas ?? 1,
        revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
        template: defaultTemplate(spec.template),
        ...(spec.volumeClaimTemplates === undefined
          ? {}
          : {
              volumeClaimTemplates: spec.volumeClaimTemplates.map(claim => ({
                ...claim,
                apiVersion: 'v1' as const,
                kind: 'PersistentVolumeClaim' as const,
                spec: { ...claim.spec, volumeMode: claim.spec?.volumeMode ?? 'Filesystem' },
                status: claim.status ?? { phase: 'Pending' },
              })),
            }),
      },
    };
  },
  validate: object => [
    ...validateSelectorAndTemplate(withClaimedVolumes(object)),
    ...validateSpec(object.spec),
  ],
  validateUpdate(next, current) {
    const kept = ({ spec }: StatefulSet) => ({
      ...spec,
      replicas: undefined,
      ordinals: undefined,
      template: undefined,
      updateStrategy: undefined,
      persistentVolumeClaimRetentionPolicy: undefined,
      minReadySeconds: undefined,
    });
    return isDeepStrictEqual(kept(next), kept(current))
      ? []
      : [
          forbidden(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ];
  },
  scaling: {
    read: ({ spec, status }) => ({
      wanted: spec.replicas ?? 0,
      observed: status?.replicas ?? 0,
      selector: formatSelector(spec.selector),
    }),
    write: (object, replicas) => ({ ...object, spec: { ...object.spec, replicas } }),
  },
};

/** As its pods will be: the claims are volumes that containers may mount. */
function withClaimedVolumes(set: StatefulSet): StatefulSet {
  const { template, volumeClaimTemplates = [] } = set.spec;
  if (template?.spec === undefined) return set;
  const { volumes = [] } = template.spec;
  const claimed = volumeClaimTemplates
    .flatMap(({ metadata }) => metadata?.name ?? [])
    .filter(name => !volumes.some(volume => volume.name === name))
    .map(name => ({ name, persistentVolumeClaim: { claimName: name } }));
  const spec = { ...template.spec, volumes: [...volumes, ...claimed] };
  return { ...set, spec: { ...set.spec, template: { ...template, spec } } };
}

function validateSpec(spec: StatefulSet['spec']): StatusCause[] {
  const { updateStrategy, persistentVolumeClaimRetentionPolicy: retention } = spec;
  const path = 'spec.updateStrategy';
  return [
    ...checkOneOf('spec.podManagementPolicy', spec.podManagementPolicy, ['OrderedReady', 'Parallel']),
    ...checkOneOf(`${path}.type`, updateStrategy?.type, ['OnDelete', 'RollingUpdate']),
    ...(updateStrategy?.type === 'OnDelete' && updateStrategy.rollingUpdate !== undefined
      ? [
          invalidValue(
            `${path}.rollingUpdate`,
            updateStrategy.rollingUpdate,
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ]
      : []),
    ...checkRange(`${path}.rollingUpdate.partition`, updateStrategy?.rollingUpdate?.partition, 0),
    ...(['whenDeleted', 'whenScaled'] as const).flatMap(field =>
      checkOneOf(`spec.persistentVolumeClaimRetentionPolicy.${field}`, retention?.[field], [
        'Delete',
        'Retain',
      ]),
    ),
    ...checkRange('spec.replicas', spec.replicas, 0),
    ...checkRange('spec.minReadySeconds', spec.minReadySeconds, 0),
    ...checkRange('spec.revisionHistoryLimit', spec.revisionHistoryLimit, 0),
    ...checkRange('spec.ordinals.start', spec.ordinals?.start, 0),
    ...(spec.volumeClaimTemplates ?? []).flatMap((claim, index) =>
      claim.metadata?.name ? [] : [requiredValue(`spec.volumeClaimTemplates[${index}].metadata.name`)],
    ),
  ];
}
