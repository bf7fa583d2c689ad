/** coordination.k8s.io/v1 Lease. */
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { checkRange } from '../field-checks.ts';
import type { Kind } from '../kind.ts';

export const lease: Kind<'Lease'> = {
  id: 'Lease',
  kind: 'Lease',
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1Lease',
  subresources: [],
  columns: [
    { name: 'Holder', type: 'string', cell: ({ spec }) => spec?.holderIdentity ?? '' },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
  ],
  selectableFields: {},
  defaults: object => object,
  validate: ({ spec }) => [
    ...checkRange('spec.leaseDurationSeconds', spec?.leaseDurationSeconds, 1),
    ...checkRange('spec.leaseTransitions', spec?.leaseTransitions, 0),
  ],
};
