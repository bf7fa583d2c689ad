/** How an object looks to the client that asked: whole, as a table row, or its metadata alone. */
import type { KindMap, KindName, KubeObject } from '../../shared/kubernetes/objects.ts';
import { apiVersionOf, type Column, type Kind } from '../registry/kind.ts';
import type { Exchange } from './exchange.ts';

export type Representation = 'whole' | 'table' | 'metadata';

/** What the Accept header asks for first among what can be served; JSON in any case. */
export function representationOf(exchange: Exchange): Representation {
  for (const part of (exchange.header('accept') ?? '').split(',')) {
    const [type, ...parameters] = part.trim().split(';');
    if (type === 'application/vnd.kubernetes.protobuf') continue;
    const as = parameters
      .map(parameter => parameter.trim())
      .find(parameter => parameter.startsWith('as='))
      ?.slice(3);
    if (as === 'Table') return 'table';
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return 'metadata';
    if (type === 'application/json' || type === '*/*') return 'whole';
  }
  return 'whole';
}

const shownObjects = new WeakMap<Kind, WeakMap<object, KubeObject>>();

/** The object in the version of the kind and as its schema would have it, made once however many clients read it. */
export function shownIn<K extends KindName>(kind: Kind<K>, object: KindMap[K]): KubeObject {
  const apiVersion = apiVersionOf(kind);
  const { conversion, custom } = kind;
  if (conversion === undefined && custom?.asRead === undefined && object.apiVersion === apiVersion)
    return object;
  const known = shownObjects.get(kind) ?? new WeakMap<object, KubeObject>();
  shownObjects.set(kind, known);
  const shown = known.get(object) ?? {
    ...object,
    ...conversion?.fromStored(object),
    ...(custom?.asRead && { ...custom.asRead(object), metadata: object.metadata }),
    apiVersion,
    kind: kind.kind,
  };
  known.set(object, shown);
  return shown;
}

const jsonTexts = new WeakMap<object, string>();

/** The object's JSON, made once however many clients read it. */
function jsonOf(object: object): string {
  const known = jsonTexts.get(object);
  if (known !== undefined) return known;
  const text = JSON.stringify(object);
  jsonTexts.set(object, text);
  return text;
}

export function partialMetadata({ metadata }: { readonly metadata: object }) {
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
}

export type TableOptions = {
  readonly withColumns: boolean;
  readonly includeObject: string;
  readonly nowMs: number;
};

/** A meta.k8s.io/v1 Table of these objects, as JSON text. */
export function tableJson<K extends KindName>(
  kind: Kind<K>,
  objects: readonly KindMap[K][],
  listMeta: object,
  { withColumns, includeObject, nowMs }: TableOptions,
): string {
  const hasOwnName = kind.columns.some(({ name }) => name === 'Name');
  const columns: readonly Column<KindMap[K]>[] = hasOwnName ? kind.columns : [nameColumn, ...kind.columns];
  const rows = objects.map(object => ({
    cells: columns.map(column => column.cell(object, nowMs)),
    ...rowObject(kind, object, includeObject),
  }));
  const columnDefinitions = columns.map(({ name, type, format = '', priority = 0, description = '' }) => ({
    name,
    type,
    format,
    description,
    priority,
  }));
  return JSON.stringify({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: listMeta,
    columnDefinitions: withColumns ? columnDefinitions : null,
    rows,
  });
}

const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  cell: ({ metadata }) => metadata.name,
};

function rowObject<K extends KindName>(
  kind: Kind<K>,
  object: KindMap[K],
  includeObject: string,
): { object?: object } {
  if (includeObject === 'None') return {};
  return { object: includeObject === 'Object' ? shownIn(kind, object) : partialMetadata(object) };
}

/** One object as JSON text in the wanted representation. */
export function objectJson<K extends KindName>(
  kind: Kind<K>,
  object: KindMap[K],
  as: Representation,
  table: TableOptions,
): string {
  if (as === 'metadata') return JSON.stringify(partialMetadata(object));
  if (as === 'whole') return jsonOf(shownIn(kind, object));
  return tableJson(kind, [object], { resourceVersion: object.metadata.resourceVersion }, table);
}

/** A list as JSON text in the wanted representation. */
export function listJson<K extends KindName>(
  kind: Kind<K>,
  objects: readonly KindMap[K][],
  listMeta: object,
  as: Representation,
  table: TableOptions,
): string {
  if (as === 'table') return tableJson(kind, objects, listMeta, table);
  const isPartial = as === 'metadata';
  const name = isPartial ? 'PartialObjectMetadataList' : `${kind.kind}List`;
  const apiVersion = isPartial ? 'meta.k8s.io/v1' : apiVersionOf(kind);
  const items = objects.map(object =>
    isPartial ? JSON.stringify(partialMetadata(object)) : jsonOf(shownIn(kind, object)),
  );
  return `{"kind":"${name}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(listMeta)},"items":[${items.join(',')}]}`;
}
