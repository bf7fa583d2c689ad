/** The Common Expression Language as CustomResourceDefinitions use it: compiling one expression. The only file that knows the library. */
import {
  Environment,
  EvaluationError,
  Optional,
  ParseError,
  TypeError as RuleTypeError,
} from '@marcbachmann/cel-js';
import { MAX_RULE_NODES } from './limits.ts';
import { firstMatch } from './pattern.ts';

type Variables = { readonly self: unknown; readonly oldSelf: unknown };

export type Program =
  | { readonly kind: 'program'; run(variables: Variables): unknown }
  /** It calls a function that is not known here, though Kubernetes may have it. */
  | { readonly kind: 'unsupported'; readonly why: string }
  | { readonly kind: 'faulty'; readonly why: string };

const environment = new Environment({
  enableOptionalTypes: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: MAX_RULE_NODES, maxDepth: 100 },
})
  .registerVariable('self', 'dyn')
  .registerVariable('oldSelf', 'dyn')
  .registerFunction(
    'string.find(string): string',
    (text: string, pattern: string) => firstMatch(pattern, text) ?? '',
  )
  .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, () => to),
  )
  .registerFunction(
    'string.charAt(int): string',
    (text: string, index: bigint) => [...text][Number(index)] ?? '',
  )
  .registerFunction('list.isSorted(): bool', (items: bigint[]) =>
    items.every((item, index) => index === 0 || (items[index - 1] ?? item) <= item),
  )
  .registerFunction('list.sum(): dyn', (items: bigint[]) =>
    items.length === 0 ? 0n : items.reduce((sum, item) => sum + item),
  )
  .registerFunction('list.min(): dyn', (items: bigint[]) => firstBy(items, (a, b) => a < b))
  .registerFunction('list.max(): dyn', (items: bigint[]) => firstBy(items, (a, b) => a > b));

/** The element that stands before all others; an error for an empty list, as in Kubernetes. */
function firstBy(items: readonly bigint[], isBefore: (a: bigint, b: bigint) => boolean): bigint {
  return items.reduce((first, item) => (isBefore(item, first) ? item : first));
}

const compiled = new Map<string, Program>();

/** `result` is the type that the expression must have. Compiled once per text. */
export function compileRule(text: string, result: 'bool' | 'string'): Program {
  const key = `${result} ${text}`;
  const known = compiled.get(key);
  if (known !== undefined) return known;
  const program = compileAnew(text, result);
  if (compiled.size >= MAX_PROGRAMS) compiled.clear();
  compiled.set(key, program);
  return program;
}

/** Compiled expressions that are kept; all go when there are more, and are made again at need. */
const MAX_PROGRAMS = 1000;

function compileAnew(text: string, result: 'bool' | 'string'): Program {
  try {
    const parsed = environment.parse(text);
    const checked = parsed.check();
    if (!checked.valid) return rejected(checked.error);
    if (checked.type !== result && checked.type !== 'dyn')
      return { kind: 'faulty', why: `must evaluate to a ${result}` };
    return { kind: 'program', run: variables => parsed(variables) };
  } catch (error) {
    return rejected(error);
  }
}

function rejected(error: unknown): Program {
  const why = summaryOf(error);
  const isUnknownFunction = error instanceof RuleTypeError && error.code === 'no_matching_overload';
  return { kind: isUnknownFunction ? 'unsupported' : 'faulty', why };
}

/** One line of what went wrong, without the picture that the library draws. */
export function summaryOf(error: unknown): string {
  if (error instanceof ParseError || error instanceof EvaluationError || error instanceof RuleTypeError)
    return error.summary;
  return error instanceof Error ? error.message : String(error);
}

/** `oldSelf` of a rule that runs at creation too. */
export function optionalOf(value: unknown): unknown {
  return value === undefined ? Optional.none() : Optional.of(value);
}
