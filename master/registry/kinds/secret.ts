/** core/v1 Secret. `stringData` is a way to write `data`; it is never stored. */

import type { Secret } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import { invalidValue } from '../field-checks.ts';
import { checkContents, checkImmutable } from '../keyed-contents.ts';
import type { Kind } from '../kind.ts';

export const secret: Kind<'Secret'> = {
  id: 'Secret',
  kind: 'Secret',
  group: '',
  version: 'v1',
  plural: 'secrets',
  singular: 'secret',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1Secret',
  subresources: [],
  columns: [
    { name: 'Type', type: 'string', cell: ({ type }) => type ?? '' },
    { name: 'Data', type: 'string', cell: ({ data }) => String(Object.keys(data ?? {}).length) },
    {
      name: 'Age',
      type: 'string',
      cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
    },
  ],
  selectableFields: { type: ({ type }) => type ?? '' },
  defaults: storeStringData,
  validate: ({ data }) => checkContents('data', data),
  validateUpdate: (next, current) => [
    ...(next.type === current.type ? [] : [invalidValue('type', next.type, 'field is immutable')]),
    ...checkImmutable(next, current),
  ],
};

function storeStringData({ stringData, ...object }: Secret): Secret {
  const written = Object.entries(stringData ?? {}).map(([key, value]) => [
    key,
    Buffer.from(value, 'utf8').toString('base64'),
  ]);
  const data = { ...object.data, ...Object.fromEntries(written) };
  return { ...object, type: object.type ?? 'Opaque', ...(Object.keys(data).length === 0 ? {} : { data }) };
}
