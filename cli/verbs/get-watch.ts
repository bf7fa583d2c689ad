/** `pikelet get -w`: the list, then each change as a line of its own, under columns that only grow wider. */
import { listObjects, withName } from '../api-objects.ts';
import { textAt } from '../json.ts';
import { collectionPath } from '../kinds/kind.ts';
import type { Target } from '../kinds/targets.ts';
import { alignRows, columnWidths } from '../print/columns.ts';
import { type Output, printObjects, withoutManagedFields } from '../print/output.ts';
import { cellsOf, headerOf, readTable, TABLE_ACCEPT, type TableColumn } from '../print/table.ts';
import type { Session } from '../session.ts';
import { type GetOptions, namespaceFor, selectorsOf, tableOptionsOf } from './get-options.ts';

/** Goes on until the server ends the watch or the user interrupts. */
export async function watchTarget(
  session: Session,
  target: Target,
  output: Output,
  options: GetOptions,
): Promise<void> {
  const [name] = target.names;
  const selectors = selectorsOf(options);
  const query = {
    ...selectors,
    ...(name === undefined ? {} : { fieldSelector: withName(selectors.fieldSelector, name) }),
  };
  return output.kind === 'table'
    ? watchTable(session, target, output, options, query)
    : watchWhole(session, target, output, options, query);
}

type WatchQuery = { readonly labelSelector?: string; readonly fieldSelector?: string };

async function watchTable(
  session: Session,
  target: Target,
  output: Output & { kind: 'table' },
  options: GetOptions,
  query: WatchQuery,
): Promise<void> {
  const { api, cli } = session;
  const path = collectionPath(target.kind, namespaceFor(session, target, options));
  const listed = readTable(await api.send({ path, accept: TABLE_ACCEPT, query }, cli.signal));
  const tableOptions = tableOptionsOf(output, options, target, options.showKind ?? false);
  let columns: readonly TableColumn[] = listed.columns;
  let widths: readonly number[] = [];
  let headerDue = options.headers;
  const show = (type: string, rows: typeof listed.rows) => {
    if (rows.length === 0) return;
    const event = options.outputWatchEvents ? [type] : [];
    const lines = rows.map(row => [...event, ...cellsOf(columns, row, tableOptions)]);
    if (headerDue)
      lines.unshift([...(event.length > 0 ? ['EVENT'] : []), ...headerOf(columns, tableOptions)]);
    headerDue = false;
    widths = columnWidths(lines, widths);
    cli.out(alignRows(lines, widths));
  };
  if (!options.watchOnly) show('ADDED', listed.rows);
  const watch = { path, accept: TABLE_ACCEPT, query: { ...query, resourceVersion: listed.resourceVersion } };
  for await (const { type, object } of api.watch(watch, cli.signal)) {
    if (type === 'BOOKMARK') continue;
    const table = readTable(object);
    if (table.columns.length > 0) columns = table.columns;
    show(type, table.rows);
  }
}

async function watchWhole(
  session: Session,
  target: Target,
  output: Exclude<Output, { kind: 'table' }>,
  options: GetOptions,
  query: WatchQuery,
): Promise<void> {
  const { api, cli } = session;
  const namespace = namespaceFor(session, target, options);
  const show = async (type: string, object: unknown) => {
    const kept = options.showManagedFields ? object : withoutManagedFields(object);
    const shown = options.outputWatchEvents && output.kind === 'json' ? { type, object: kept } : kept;
    const text = await printObjects(output, [{ kind: target.kind, object: shown }], {
      single: true,
      noHeaders: true,
    });
    cli.out(output.kind === 'yaml' ? `---\n${text}` : text);
  };
  const listed = await listObjects(api, target.kind, { namespace, ...query }, cli.signal);
  if (!options.watchOnly) for (const item of listed.items) await show('ADDED', item);
  const watch = {
    path: collectionPath(target.kind, namespace),
    query: { ...query, resourceVersion: listed.resourceVersion },
  };
  for await (const { type, object } of api.watch(watch, cli.signal))
    if (type !== 'BOOKMARK' && textAt(object, 'metadata', 'name') !== undefined) await show(type, object);
}
