/** The columns that a definition asks for in tables. Pure. Source: k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor. */
import type { CustomResourceColumn } from '../../../shared/kubernetes/custom-resources.ts';
import { evaluatePath, JsonPathError, parseRelaxedPath } from '../../../shared/kubernetes/json-path.ts';
import type { CustomObject } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import type { Column } from '../kind.ts';
import { ageColumn } from '../kinds/columns.ts';

const TYPES = ['string', 'integer', 'number', 'boolean', 'date'] as const;

export function columnType(text: string): (typeof TYPES)[number] | undefined {
  return TYPES.find(type => type === text);
}

/** Without any wish of the definition's: the age alone. */
export function printerColumns(
  wanted: readonly CustomResourceColumn[] | undefined,
): readonly Column<CustomObject>[] {
  return wanted === undefined || wanted.length === 0 ? [ageColumn] : wanted.map(printerColumn);
}

function printerColumn({
  name,
  type,
  format,
  priority,
  description,
  jsonPath,
}: CustomResourceColumn): Column<CustomObject> {
  const kind = columnType(type) ?? 'string';
  const path = parseRelaxedPath(jsonPath);
  return {
    name,
    // Kubernetes sends a date as the text of its age.
    type: kind,
    ...(format === undefined ? {} : { format }),
    ...(priority === undefined ? {} : { priority }),
    ...(description === undefined ? {} : { description }),
    cell: (object, nowMs) => cellOf(kind, evaluatePath(path, object), nowMs),
  };
}

function cellOf(
  type: (typeof TYPES)[number],
  found: readonly unknown[],
  nowMs: number,
): string | number | boolean | null {
  const [first] = found;
  if (first === undefined || first === null) return null;
  switch (type) {
    case 'string':
      return found.map(value => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ');
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : null;
    case 'number':
      return typeof first === 'number' ? first : null;
    case 'boolean':
      return typeof first === 'boolean' ? first : null;
    case 'date':
      return typeof first === 'string' ? formatAge(first, nowMs) : null;
  }
}

/** Why a column's path cannot be read; undefined when it can. */
export function pathFault(jsonPath: string): string | undefined {
  try {
    parseRelaxedPath(jsonPath);
    return undefined;
  } catch (error) {
    if (error instanceof JsonPathError) return error.message;
    throw error;
  }
}
