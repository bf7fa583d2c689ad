/** core/v1 Namespace. Its finalizer lives in spec: it stays until its contents are gone. */
import { formatAge } from '../../../shared/kubernetes/time.ts';
import type { Kind } from '../kind.ts';

export const namespace: Kind<'Namespace'> = {
  id: 'Namespace',
  kind: 'Namespace',
  group: '',
  version: 'v1',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  type: 'V1Namespace',
  subresources: ['status', 'finalize'],
  hasNoDeleteCollection: true,
  nameRule: 'dns-label',
  columns: [
    { name: 'Status', type: 'string', cell: ({ status }) => status?.phase ?? 'Active' },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
  ],
  selectableFields: { 'status.phase': ({ status }) => status?.phase ?? '' },
  defaults: object => ({
    ...object,
    metadata: {
      ...object.metadata,
      labels: { ...object.metadata.labels, 'kubernetes.io/metadata.name': object.metadata.name },
    },
    spec:
      object.spec?.finalizers === undefined ? { ...object.spec, finalizers: ['kubernetes'] } : object.spec,
  }),
  initialStatus: () => ({ phase: 'Active' }),
  validate: () => [],
  extraFinalizers: object => object.spec?.finalizers ?? [],
};
