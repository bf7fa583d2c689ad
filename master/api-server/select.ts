/** Which objects of a kind a list or watch is about. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName } from '../../shared/kubernetes/objects.ts';
import {
  matchesRequirements,
  parseFieldSelector,
  parseLabelSelector,
} from '../../shared/kubernetes/selectors.ts';
import type { Kind } from '../registry/kind.ts';
import type { Exchange } from './exchange.ts';

export type Selection<K extends KindName> = {
  readonly namespace: string | undefined;
  matches(object: KindMap[K]): boolean;
};

/** Throws ApiError BadRequest for a selector that does not parse, or a field that the kind does not select by. */
export function selectionOf<K extends KindName>(
  kind: Kind<K>,
  exchange: Exchange,
  { namespace, name }: { readonly namespace?: string; readonly name?: string },
): Selection<K> {
  const labels = parseLabelSelector(exchange.query('labelSelector') ?? '');
  if (!labels.ok) throw new ApiError('BadRequest', `unable to parse labelSelector: ${labels.reason}`);
  const fields = parseFieldSelector(exchange.query('fieldSelector') ?? '');
  if (!fields.ok) throw new ApiError('BadRequest', `unable to parse fieldSelector: ${fields.reason}`);
  const readers = fields.requirements.map(({ field, equal, value }) => {
    const read = fieldReader(kind, field);
    return (object: KindMap[K]) => (read(object) === value) === equal;
  });
  return {
    namespace,
    matches: object =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      (name === undefined || object.metadata.name === name) &&
      matchesRequirements(labels.requirements, object.metadata.labels) &&
      readers.every(holds => holds(object)),
  };
}

function fieldReader<K extends KindName>(kind: Kind<K>, field: string): (object: KindMap[K]) => string {
  if (field === 'metadata.name') return object => object.metadata.name;
  if (field === 'metadata.namespace') return object => object.metadata.namespace ?? '';
  const read = Object.hasOwn(kind.selectableFields, field) ? kind.selectableFields[field] : undefined;
  if (read === undefined) throw new ApiError('BadRequest', `field label not supported: ${field}`);
  return read;
}
