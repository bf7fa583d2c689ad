/** core/v1 ConfigMap. */
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkContents, checkImmutable } from '../keyed-contents.ts';
import type { Kind } from '../kind.ts';

export const configMap: Kind<'ConfigMap'> = {
  id: 'ConfigMap',
  kind: 'ConfigMap',
  group: '',
  version: 'v1',
  plural: 'configmaps',
  singular: 'configmap',
  shortNames: ['cm'],
  categories: [],
  namespaced: true,
  type: 'V1ConfigMap',
  subresources: [],
  columns: [
    {
      name: 'Data',
      type: 'string',
      cell: ({ data, binaryData }) => String(Object.keys({ ...data, ...binaryData }).length),
    },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
  ],
  selectableFields: {},
  defaults: object => object,
  validate: ({ data, binaryData }) => [
    ...checkContents('data', data),
    ...checkContents('binaryData', binaryData),
  ],
  validateUpdate: checkImmutable,
};
