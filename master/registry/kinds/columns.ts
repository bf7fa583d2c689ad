/** Columns that many kinds show. */
import type { KubeObject } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import type { Column } from '../kind.ts';

export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
};
