/**
 * Kubernetes's JSONPath: the way from an object to values in it, with filters, slices and `..`.
 * https://kubernetes.io/docs/reference/kubectl/jsonpath/ — functions and regular expressions are not part of it.
 */
import { isRecord } from '../is-record.ts';

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

/** Results of one expression; a guard against `..` on a large list. */
const MAX_RESULTS = 1_000_000;

/** A path that cannot be read, or that leads to too many values. */
export class JsonPathError extends Error {
  override readonly name = 'JsonPathError';
}

/** A path in braces or not, with or without the first dot, as columns take it. Throws JsonPathError. */
export function parseRelaxedPath(text: string): Path {
  const inside = text.trim().replace(/^\{(.*)\}$/s, '$1');
  return parsePath(/^[.[$@]/.test(inside) ? inside : `.${inside}`);
}

/** Every value that the path leads to; none where it breaks off. */
export function evaluatePath(path: Path, root: unknown, current: unknown = root): readonly unknown[] {
  let values: readonly unknown[] = [path.fromRoot ? root : current];
  for (const step of path.steps) {
    values = values.flatMap(value => follow(step, value, root));
    if (values.length > MAX_RESULTS) throw new JsonPathError('jsonpath: too many results');
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
export function closingQuote(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && text[end] !== text[start]) end += text[end] === '\\' ? 2 : 1;
  return end;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };

export function unquote(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char);
}

/** Throws JsonPathError that shows where the path is wrong. */
export function parsePath(text: string): Path {
  const fail = (at: number) =>
    new JsonPathError(`jsonpath: cannot read "${text}" from "${text.slice(at)}" on`);
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
  throw new JsonPathError(`jsonpath: unclosed [ in ${text}`);
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
  throw new JsonPathError(`jsonpath: cannot read [${inside}]`);
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
