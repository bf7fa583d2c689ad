/** Columns that many kinds show, and how kubectl writes lists in a cell. Source: Kubernetes's printers. */
import type { KubeObject } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import type { Column } from '../kind.ts';

export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  cell: ({ metadata }, nowMs) => formatAge(metadata.creationTimestamp, nowMs),
};

/** A column of text. */
export function column<T>(name: string, cell: (object: T) => string): Column<T> {
  return { name, type: 'string', cell };
}

/** A column of text that shows only with -o wide. */
export function wideColumn<T>(name: string, cell: (object: T) => string): Column<T> {
  return { name, type: 'string', priority: 1, cell };
}

/** `a=b,c=d`; `<none>` when there are none. */
export function shownLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}

const MAX_SHOWN = 3;

/** The first three of them: `a,b,c + 2 more...`; `none` when there are none. */
export function shownFirst(items: readonly string[], none: string): string {
  if (items.length === 0) return none;
  const first = items.slice(0, MAX_SHOWN).join(',');
  return items.length > MAX_SHOWN ? `${first} + ${items.length - MAX_SHOWN} more...` : first;
}

const SHORT_MODES: Readonly<Record<string, string>> = {
  ReadWriteOnce: 'RWO',
  ReadOnlyMany: 'ROX',
  ReadWriteMany: 'RWX',
  ReadWriteOncePod: 'RWOP',
};

/** Access modes of a volume, in Kubernetes's order and its short words. */
export function shownAccessModes(modes: readonly string[] | undefined): string {
  return Object.entries(SHORT_MODES)
    .flatMap(([mode, short]) => (modes?.includes(mode) ? [short] : []))
    .join(',');
}
/** What Kubernetes shows of kinds that have no columns of their own. */
export const createdAtColumn: Column<KubeObject> = {
  name: 'Created At',
  type: 'string',
  cell: ({ metadata }) => metadata.creationTimestamp,
};
