/** storage.k8s.io/v1 VolumeAttachment. */
import { checkDnsSubdomain, checkUnchanged, forbidden, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const volumeAttachment: Kind<'VolumeAttachment'> = {
  id: 'VolumeAttachment',
  kind: 'VolumeAttachment',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1VolumeAttachment',
  subresources: ['status'],
  metadataWithStatus: [],
  columns: [
    column('Attacher', ({ spec }) => spec.attacher),
    column('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
    column('Node', ({ spec }) => spec.nodeName),
    { name: 'Attached', type: 'boolean', cell: ({ status }) => status?.attached ?? false },
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => object,
  initialStatus: () => ({ attached: false }),
  validate: ({ spec }) => {
    const { inlineVolumeSpec, persistentVolumeName } = spec.source ?? {};
    return [
      ...(spec.attacher
        ? checkDnsSubdomain('spec.attacher', spec.attacher)
        : [requiredValue('spec.attacher')]),
      ...(spec.nodeName
        ? checkDnsSubdomain('spec.nodeName', spec.nodeName)
        : [requiredValue('spec.nodeName')]),
      ...(inlineVolumeSpec === undefined && !persistentVolumeName
        ? [
            requiredValue(
              'spec.source',
              'must specify exactly one of inlineVolumeSpec and persistentVolumeName',
            ),
          ]
        : []),
      ...(inlineVolumeSpec !== undefined && persistentVolumeName
        ? [forbidden('spec.source', 'must specify exactly one of inlineVolumeSpec and persistentVolumeName')]
        : []),
    ];
  },
  validateUpdate: (next, current) => checkUnchanged('spec', next.spec, current.spec),
};
