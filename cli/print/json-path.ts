/**
 * kubectl's JSONPath templates: text with `{…}` in it, `{range …}…{end}`, filters, slices, `..`.
 * https://kubernetes.io/docs/reference/kubectl/jsonpath/ — functions and regular expressions are not part of it.
 */

import { isRecord } from '../../shared/is-record.ts';
import { UsageError } from '../errors.ts';

import { JSON_PATH_RESULTS_MAX } from '../limits.ts';
import { goJson } from './go-json.ts';

type Operand =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null };

type Step =
  | { readonly kind: 'fields'; readonly names: readonly string[] }
  | { readonly kind: 'indexes'; readonly indexes: readonly number[] }
  | { readonly kind: 'slice'; readonly from?: number; readonly to?: number; readonly step: number }
  | { readonly kind: 'every' }
  | { readonly kind: 'descendants' }
  | { readonly kind: 'filter'; readonly left: Operand; readonly operator?: string; readonly right?: Operand };

export type Path = { readonly fromRoot: boolean; readonly steps: readonly Step[] };

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'range'; readonly path: Path; readonly parts: readonly Part[] };

export type Template = readonly Part[];

/** Throws UsageError that shows where the template is wrong. */
export function parseTemplate(text: string): Template {
  const stack: { path?: Path; parts: Part[] }[] = [{ parts: [] }];
  const put = (part: Part) => stack.at(-1)?.parts.push(part);
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('{', position);
    if (open < 0 || open > position)
      put({ kind: 'text', text: text.slice(position, open < 0 ? undefined : open) });
    if (open < 0) break;
    const close = closingBrace(text, open);
    const inside = text.slice(open + 1, close).trim();
    position = close + 1;
    const range = /^range\s+(.*)$/s.exec(inside);
    if (range) stack.push({ path: parsePath(range[1] ?? ''), parts: [] });
    else if (inside === 'end') {
      const done = stack.pop();
      if (done?.path === undefined) throw new UsageError('jsonpath: {end} without {range}');
      put({ kind: 'range', path: done.path, parts: done.parts });
    } else if (/^["']/.test(inside)) put({ kind: 'text', text: unquote(inside) });
    else put({ kind: 'path', path: parsePath(inside) });
  }
  const [whole] = stack;
  if (stack.length !== 1 || whole === undefined) throw new UsageError('jsonpath: {range} without {end}');
  return whole.parts;
}

/** A path alone, in braces or not, with or without the first dot, as `--sort-by` and custom columns take it. */
export function parseRelaxedPath(text: string): Path {
  const inside = text.trim().replace(/^\{(.*)\}$/s, '$1');
  return parsePath(/^[.[$@]/.test(inside) ? inside : `.${inside}`);
}

/** What a template prints for `root`. Several results of one path are parted by spaces. */
export function renderTemplate(template: Template, root: unknown, current: unknown = root): string {
  return template
    .map(part => {
      if (part.kind === 'text') return part.text;
      const found = evaluatePath(part.path, root, current);
      if (part.kind === 'path') return found.map(resultText).join(' ');
      return found.map(each => renderTemplate(part.parts, root, each)).join('');
    })
    .join('');
}

/** Strings as they are, objects and arrays as JSON. */
export function resultText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : goJson(value);
}

/** Every value that the path leads to; none where it breaks off. */
export function evaluatePath(path: Path, root: unknown, current: unknown = root): readonly unknown[] {
  let values: readonly unknown[] = [path.fromRoot ? root : current];
  for (const step of path.steps) {
    values = values.flatMap(value => follow(step, value, root));
    if (values.length > JSON_PATH_RESULTS_MAX) throw new UsageError('jsonpath: too many results');
  }
  return values;
}

function follow(step: Step, value: unknown, root: unknown): readonly unknown[] {
  switch (step.kind) {
    case 'fields':
      return isRecord(value)
        ? step.names.filter(name => Object.hasOwn(value, name)).map(name => value[name])
        : [];
    case 'indexes': {
      if (!Array.isArray(value)) return [];
      const items: readonly unknown[] = value;
      return step.indexes.map(index => items.at(index)).filter(item => item !== undefined);
    }
    case 'slice':
      return Array.isArray(value)
        ? value.slice(step.from, step.to).filter((_, index) => index % step.step === 0)
        : [];
    case 'every':
      return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
    case 'descendants':
      return [value, ...childrenOf(value).flatMap(child => follow(step, child, root))];
    case 'filter':
      return childrenOf(value).filter(child => passes(step, child, root));
  }
}

function childrenOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [];
}

function passes(filter: Step & { kind: 'filter' }, current: unknown, root: unknown): boolean {
  const resolve = (operand: Operand) =>
    operand.kind === 'literal' ? [operand.value] : evaluatePath(operand.path, root, current);
  const [left] = resolve(filter.left);
  if (filter.operator === undefined || filter.right === undefined) return left !== undefined;
  const [right] = resolve(filter.right);
  if (filter.operator === '==') return left === right;
  if (filter.operator === '!=') return left !== right;
  const comparable =
    (typeof left === 'number' && typeof right === 'number') ||
    (typeof left === 'string' && typeof right === 'string');
  if (!comparable) return false;
  const order = left < right ? -1 : left > right ? 1 : 0;
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[filter.operator] ?? false;
}

/** The end of a quoted string that starts at `start`; the text's length when it never ends. */
function closingQuote(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== text[start]) end += text[end] === '\\' ? 2 : 1;
  return end;
}

function closingBrace(text: string, open: number): number {
  for (let index = open + 1; index < text.length; index++) {
    if (text[index] === '"' || text[index] === "'") index = closingQuote(text, index);
    else if (text[index] === '}') return index;
  }
  throw new UsageError(`jsonpath: unclosed { in ${text}`);
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
}

function parsePath(text: string): Path {
  const fail = (at: number) => new UsageError(`jsonpath: cannot read "${text}" from "${text.slice(at)}" on`);
  const steps: Step[] = [];
  let position = /^[$@]/.test(text) ? 1 : 0;
  while (position < text.length) {
    const rest = text.slice(position);
    const field = /^\.?((?:\\.|[^.[\]\\*\s])+)/.exec(rest);
    if (rest.startsWith('..')) {
      steps.push({ kind: 'descendants' });
      position += rest[2] === '[' ? 2 : 1;
    } else if (/^\.?\*/.test(rest)) {
      steps.push({ kind: 'every' });
      position += rest.indexOf('*') + 1;
    } else if (rest === '.') position += 1;
    else if (rest.startsWith('[')) {
      const close = closingBracket(text, position);
      steps.push(parseBracket(text.slice(position + 1, close).trim()));
      position = close + 1;
    } else if (field) {
      steps.push({ kind: 'fields', names: [(field[1] ?? '').replace(/\\(.)/g, '$1')] });
      position += field[0].length;
    } else throw fail(position);
  }
  return { fromRoot: text.startsWith('$'), steps };
}

function closingBracket(text: string, open: number): number {
  let depth = 0;
  for (let index = open; index < text.length; index++) {
    if (text[index] === '"' || text[index] === "'") index = closingQuote(text, index);
    else if (text[index] === '[') depth++;
    else if (text[index] === ']' && --depth === 0) return index;
  }
  throw new UsageError(`jsonpath: unclosed [ in ${text}`);
}

function parseBracket(inside: string): Step {
  if (inside === '*') return { kind: 'every' };
  const filter = /^\?\((.*)\)$/s.exec(inside);
  if (filter) return parseFilter((filter[1] ?? '').trim());
  if (/^(-?\d+)(\s*,\s*-?\d+)*$/.test(inside))
    return { kind: 'indexes', indexes: inside.split(',').map(Number) };
  const slice = /^(-?\d+)?:(-?\d+)?(?::(\d+))?$/.exec(inside);
  if (slice) {
    const [from, to, step] = slice.slice(1).map(part => (part === undefined ? undefined : Number(part)));
    return { kind: 'slice', from, to, step: step || 1 };
  }
  if (/^(['"]).*\1$/s.test(inside)) {
    const names = [...inside.matchAll(/(['"])((?:\\.|(?!\1).)*)\1/gs)].map(([quoted]) => unquote(quoted));
    return { kind: 'fields', names };
  }
  throw new UsageError(`jsonpath: cannot read [${inside}]`);
}

function parseFilter(text: string): Step {
  const match = /^(.*?)\s*(==|!=|<=|>=|<|>)\s*(.*)$/s.exec(text);
  if (!match) return { kind: 'filter', left: parseOperand(text) };
  return {
    kind: 'filter',
    left: parseOperand(match[1] ?? ''),
    operator: match[2],
    right: parseOperand(match[3] ?? ''),
  };
}

function parseOperand(text: string): Operand {
  if (/^["']/.test(text)) return { kind: 'literal', value: unquote(text) };
  if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true' };
  if (text === 'null') return { kind: 'literal', value: null };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { kind: 'literal', value: Number(text) };
  return { kind: 'path', path: parsePath(text) };
}
