/** `pikelet get`: tables made by the server, or whole objects in the form asked for. */

import { getObject, listObjects } from '../api-objects.ts';
import { isNotFound, throwCollected, UsageError } from '../errors.ts';
import { collectionPath, objectPath } from '../kinds/kind.ts';
import { parseTargets, type Target } from '../kinds/targets.ts';
import { LIST_CHUNK } from '../limits.ts';
import { alignRows, columnWidths } from '../print/columns.ts';
import { evaluatePath, parseRelaxedPath } from '../print/json-path.ts';
import {
  type Output,
  type Printed,
  parseOutput,
  printObjects,
  withoutManagedFields,
} from '../print/output.ts';
import { cellsOf, headerOf, readTable, TABLE_ACCEPT, type Table, type TableRow } from '../print/table.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';
import { type GetOptions, namespaceFor, selectorsOf, tableOptionsOf } from './get-options.ts';
import { watchTarget } from './get-watch.ts';

export const declareGet: DeclareVerb = (command, cli) => {
  command
    .argument('[type]', 'pods, deploy,pods, pod web-1, deploy/web, all …')
    .argument('[names...]')
    .option('-A, --all-namespaces', 'list across all namespaces')
    .option('-l, --selector <query>', 'label selector, such as app=web,tier!=db')
    .option('--field-selector <query>', 'field selector, such as status.phase=Running')
    .option('-o, --output <form>', 'wide, json, yaml, name, jsonpath=…, custom-columns=…')
    .option('-w, --watch', 'after listing, show changes as they happen')
    .option('--watch-only', 'show changes without listing first')
    .option('--output-watch-events', 'show the kind of each change')
    .option('--show-labels', 'show all labels as the last column')
    .option('-L, --label-columns <labels>', 'show these labels as columns', collectList)
    .option('--show-kind', 'show the kind before each name')
    .option('--no-headers', 'print no column titles')
    .option('--sort-by <jsonpath>', 'sort the list by this field')
    .option('--ignore-not-found', 'exit with 0 when an object is not there')
    .option('--show-managed-fields', 'keep managedFields in JSON and YAML')
    .option('--raw <path>', 'print what the server answers on this path')
    .action(async (type: string | undefined, names: readonly string[]) => {
      const options = command.optsWithGlobals<GetOptions>();
      await withSession(cli, options, session =>
        get(session, type === undefined ? [] : [type, ...names], options),
      );
    });
};

async function get(session: Session, words: readonly string[], options: GetOptions): Promise<void> {
  if (options.raw !== undefined) {
    for await (const chunk of session.api.stream({ path: options.raw }, session.cli.signal))
      session.cli.out(chunk.toString('utf8'));
    return;
  }
  const output = parseOutput(options.output);
  const targets = await parseTargets(words, session.kinds);
  refuseContradictions(targets, options);
  const [first] = targets;
  if ((options.watch || options.watchOnly) && first !== undefined) {
    if (targets.length > 1 || first.names.length > 1)
      throw new UsageError('you may only specify a single resource type, and one name, with --watch');
    return watchTarget(session, first, output, options);
  }
  return output.kind === 'table'
    ? printTables(session, targets, output, options)
    : printWhole(session, targets, output, options);
}

function refuseContradictions(targets: readonly Target[], options: GetOptions): void {
  const named = targets.some(target => target.names.length > 0);
  if (named && (options.selector !== undefined || options.fieldSelector !== undefined))
    throw new UsageError('selectors and the all flag cannot be used when passing resource/name arguments');
  if (named && options.allNamespaces && targets.some(target => target.kind.namespaced))
    throw new UsageError('a resource cannot be retrieved by name across all namespaces');
}

async function printTables(
  session: Session,
  targets: readonly Target[],
  output: Output & { kind: 'table' },
  options: GetOptions,
): Promise<void> {
  const errors: unknown[] = [];
  const collectError = (error: unknown) => {
    if (!(options.ignoreNotFound && isNotFound(error))) errors.push(error);
  };
  const fetched = await Promise.all(
    targets.map(target => fetchTable(session, target, options, collectError)),
  );
  const showKind = options.showKind || new Set(targets.map(target => target.kind.plural)).size > 1;
  const blocks = mergeNeighbours(targets, fetched).filter(({ table }) => table.rows.length > 0);
  for (const [index, { target, table }] of blocks.entries()) {
    const tableOptions = tableOptionsOf(output, options, target, showKind);
    const rows = sortRows(table.rows, options.sortBy).map(row => cellsOf(table.columns, row, tableOptions));
    const all = options.headers ? [headerOf(table.columns, tableOptions), ...rows] : rows;
    session.cli.out(`${index > 0 ? '\n' : ''}${alignRows(all, columnWidths(all))}`);
  }
  if (blocks.length === 0 && errors.length === 0 && !options.ignoreNotFound)
    session.cli.say(
      targets.some(target => target.kind.namespaced) && !options.allNamespaces
        ? `No resources found in ${session.namespace} namespace.`
        : 'No resources found',
    );
  throwCollected(errors);
}

/** `pod/a pod/b` are one table. */
function mergeNeighbours(targets: readonly Target[], tables: readonly Table[]) {
  const blocks: { target: Target; table: Table }[] = [];
  for (const [index, target] of targets.entries()) {
    const table = tables[index];
    if (table === undefined) continue;
    const last = blocks.at(-1);
    if (last?.target.kind === target.kind && last.table.rows.length > 0)
      last.table = { ...last.table, rows: [...last.table.rows, ...table.rows] };
    else blocks.push({ target, table });
  }
  return blocks;
}

const EMPTY_TABLE: Table = { columns: [], rows: [], resourceVersion: '' };

/** All pages of a list, or one row for each name; what fails for one name is collected, and the others are shown. */
async function fetchTable(
  session: Session,
  target: Target,
  options: GetOptions,
  collectError: (error: unknown) => void,
): Promise<Table> {
  const namespace = namespaceFor(session, target, options);
  const includeObject = options.sortBy === undefined ? undefined : 'Object';
  const ask = async (path: string, query = {}) =>
    readTable(
      await session.api.send(
        { path, accept: TABLE_ACCEPT, query: { ...query, includeObject } },
        session.cli.signal,
      ),
    );
  const parts: Table[] = [];
  for (const name of target.names) {
    try {
      parts.push(await ask(objectPath(target.kind, { namespace, name })));
    } catch (error) {
      collectError(error);
    }
  }
  if (target.names.length === 0) {
    let token: string | undefined;
    do {
      const query = { ...selectorsOf(options), limit: LIST_CHUNK, continue: token };
      const page = await ask(collectionPath(target.kind, namespace), query);
      parts.push(page);
      token = page.continueToken;
    } while (token !== undefined);
  }
  const [first = EMPTY_TABLE] = parts;
  return { ...first, rows: parts.flatMap(part => part.rows) };
}

function sortRows(rows: readonly TableRow[], sortBy: string | undefined): readonly TableRow[] {
  if (sortBy === undefined) return rows;
  const path = parseRelaxedPath(sortBy);
  const keyed = rows.map(row => ({ row, key: evaluatePath(path, row.object)[0] }));
  return keyed.sort((a, b) => compareValues(a.key, b.key)).map(({ row }) => row);
}

/** Numbers by value, all else as text; what is absent comes first. */
export function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [String(a ?? ''), String(b ?? '')];
  return x < y ? -1 : x > y ? 1 : 0;
}

async function printWhole(
  session: Session,
  targets: readonly Target[],
  output: Exclude<Output, { kind: 'table' }>,
  options: GetOptions,
): Promise<void> {
  const errors: unknown[] = [];
  const found: Printed[] = [];
  for (const target of targets) {
    const objects = await fetchObjects(session, target, options, error => {
      if (!(options.ignoreNotFound && isNotFound(error))) errors.push(error);
    });
    for (const object of objects)
      found.push({
        kind: target.kind,
        object: options.showManagedFields ? object : withoutManagedFields(object),
      });
  }
  const single = targets.length === 1 && targets[0]?.names.length === 1;
  if (options.sortBy !== undefined) {
    const path = parseRelaxedPath(options.sortBy);
    found.sort((a, b) => compareValues(evaluatePath(path, a.object)[0], evaluatePath(path, b.object)[0]));
  }
  if (found.length > 0 || (!single && errors.length === 0))
    session.cli.out(await printObjects(output, found, { single, noHeaders: !options.headers }));
  throwCollected(errors);
}

async function fetchObjects(
  session: Session,
  target: Target,
  options: GetOptions,
  collectError: (error: unknown) => void,
): Promise<readonly unknown[]> {
  const { api, cli } = session;
  const namespace = namespaceFor(session, target, options);
  if (target.names.length === 0) {
    const { items } = await listObjects(api, target.kind, { namespace, ...selectorsOf(options) }, cli.signal);
    return items;
  }
  const objects: unknown[] = [];
  for (const name of target.names) {
    try {
      objects.push(await getObject(api, target.kind, { namespace, name }, cli.signal));
    } catch (error) {
      collectError(error);
    }
  }
  return objects;
}
