/** `-o`: which forms there are, and objects in each of them but the table. Pure; YAML is loaded when it is asked for. */

import { isRecord } from '../../shared/is-record.ts';
import { UsageError } from '../errors.ts';
import { textAt } from '../json.ts';
import { type Kind, qualifiedSingular } from '../kinds/kind.ts';
import { alignRows, columnWidths } from './columns.ts';
import { goJson } from './go-json.ts';
import { evaluatePath, parseRelaxedPath, parseTemplate, renderTemplate, resultText } from './json-path.ts';

export type Output =
  | { readonly kind: 'table'; readonly wide: boolean }
  | { readonly kind: 'json' | 'yaml' | 'name' }
  | { readonly kind: 'jsonpath'; readonly template: string }
  | { readonly kind: 'custom-columns'; readonly columns: string };

/** The table without an option. Throws UsageError that lists the forms for one that is none. */
export function parseOutput(text: string | undefined): Output {
  if (text === undefined || text === '' || text === 'wide') return { kind: 'table', wide: text === 'wide' };
  if (text === 'json' || text === 'yaml' || text === 'name') return { kind: text };
  const [form = '', ...rest] = text.split('=');
  const argument = rest.join('=');
  if (form === 'jsonpath' && argument !== '') return { kind: 'jsonpath', template: argument };
  if (form === 'custom-columns' && argument !== '') return { kind: 'custom-columns', columns: argument };
  throw new UsageError(
    `unable to match a printer suitable for the output format "${text}", allowed formats are: custom-columns=…,json,jsonpath=…,name,wide,yaml`,
  );
}

/** One object as JSON, four spaces deep, keys sorted, as kubectl prints it. */
export function toJson(value: unknown): string {
  return `${goJson(value, 4)}\n`;
}

/** What many objects are when one document must hold them. */
export function asList(objects: readonly unknown[]): unknown {
  return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects };
}

/** The object without `metadata.managedFields`, which nobody reads by eye. */
export function withoutManagedFields(object: unknown): unknown {
  if (!isRecord(object) || !isRecord(object.metadata)) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** `deployment.apps/web`. */
export function nameOf(kind: Kind, object: unknown): string {
  return `${qualifiedSingular(kind)}/${textAt(object, 'metadata', 'name') ?? ''}`;
}

export type Printed = { readonly kind: Kind; readonly object: unknown };

/** Objects in any form but the table. A `single` one stands alone, all else in a List. */
export async function printObjects(
  output: Exclude<Output, { kind: 'table' }>,
  printed: readonly Printed[],
  options: { readonly single: boolean; readonly noHeaders?: boolean },
): Promise<string> {
  const objects = printed.map(each => each.object);
  const document = options.single && objects.length === 1 ? objects[0] : asList(objects);
  switch (output.kind) {
    case 'json':
      return toJson(document);
    case 'yaml': {
      const { dumpYaml } = await import('../yaml.ts');
      return dumpYaml(document);
    }
    case 'name':
      return printed.map(({ kind, object }) => `${nameOf(kind, object)}\n`).join('');
    case 'jsonpath':
      return renderTemplate(parseTemplate(output.template), document);
    case 'custom-columns':
      return customColumns(output.columns, objects, options.noHeaders ?? false);
  }
}

function customColumns(spec: string, objects: readonly unknown[], noHeaders: boolean): string {
  const columns = spec.split(',').map(column => {
    const [, name = '', path = ''] = /^([^:]+):(.+)$/s.exec(column) ?? [];
    if (name === '')
      throw new UsageError(`unexpected custom-columns spec: ${column}, expected <header>:<json-path-expr>`);
    return { name, path: parseRelaxedPath(path) };
  });
  const rows = objects.map(object =>
    columns.map(({ path }) => evaluatePath(path, object).map(resultText).join(',') || '<none>'),
  );
  const all = noHeaders ? rows : [columns.map(({ name }) => name), ...rows];
  return alignRows(all, columnWidths(all));
}
