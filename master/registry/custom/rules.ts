/**
 * Runs a schema's `x-kubernetes-validations` over an object. All rules of one object share a budget of time, which Node's
 * watchdog enforces: Kubernetes bounds their cost by an estimate instead.
 */
import { isDeepStrictEqual } from 'node:util';
import { createContext, Script } from 'node:vm';
import { isRecord } from '../../../shared/is-record.ts';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps, ValidationRule } from '../../../shared/kubernetes/custom-resources.ts';
import { invalidValue } from '../field-checks.ts';
import { MAX_STARVED_TRIES, RULES_BUDGET_MS } from './limits.ts';
import { compileRule, optionalOf, summaryOf } from './rule-program.ts';
import { ruleValue } from './rule-values.ts';
import { childPath, earlierElements, memberSchema, ownMember, schemasBelow } from './schema-nodes.ts';
import { typeName } from './validate-value.ts';

export function hasRules(schema: JSONSchemaProps): boolean {
  return [...schemasBelow(schema, '')].some(
    below => (below.schema['x-kubernetes-validations'] ?? []).length > 0,
  );
}

/** Every rule that the object breaks. `before` is undefined for a new one; rules that ask for `oldSelf` then do not run. */
export function brokenRules(schema: JSONSchemaProps, value: unknown, before: unknown): StatusCause[] {
  const root = { ...schema, 'x-kubernetes-embedded-resource': true };
  for (let tries = 0; tries < MAX_STARVED_TRIES; tries++) {
    const faults: StatusCause[] = [];
    const ending = withinBudget(() => checkRules(root, value, before, '', faults));
    if (ending === 'done') return faults;
    if (ending === 'spent') break;
  }
  const why = 'validation failed due to running out of cost budget, no further validation rules will be run';
  return [invalidValue('', typeName(value), why)];
}

const sandbox: { run?: () => void } = {};
const context = createContext(sandbox);
const script = new Script('run()');

/** Runs to its end, or no longer than the budget, whatever it is doing then. Starved: it was others who used up the time. */
function withinBudget(run: () => void): 'done' | 'spent' | 'starved' {
  const since = process.cpuUsage();
  sandbox.run = run;
  try {
    script.runInContext(context, { timeout: RULES_BUDGET_MS });
    return 'done';
  } catch (error) {
    // An error of the sandbox's own realm: no instance of ours.
    if (!isRecord(error) || error.code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error;
    const { user, system } = process.cpuUsage(since);
    return (user + system) / 1000 < RULES_BUDGET_MS / 2 ? 'starved' : 'spent';
  } finally {
    sandbox.run = undefined;
  }
}

function checkRules(
  schema: JSONSchemaProps,
  value: unknown,
  before: unknown,
  path: string,
  faults: StatusCause[],
): void {
  if (value === null || value === undefined) return;
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length > 0) {
    const self = ruleValue(schema, value);
    const oldSelf = before === undefined || before === null ? undefined : ruleValue(schema, before);
    const isUnchanged = before !== undefined && isDeepStrictEqual(value, before);
    for (const rule of rules)
      if (!isUnchanged || isTransition(rule))
        faults.push(...checkRule(rule, { self, oldSelf }, typeName(value), path));
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return;
    const earlier = earlierElements(schema, before);
    for (const [index, item] of value.entries())
      checkRules(items, item, earlier(item), `${path}[${index}]`, faults);
  } else if (isRecord(value))
    for (const [name, member] of Object.entries(value)) {
      const below = memberSchema(schema, name);
      const earlier = isRecord(before) ? ownMember(before, name) : undefined;
      if (below !== undefined) checkRules(below, member, earlier, childPath(path, name), faults);
    }
}

/** Other rules say nothing of what has not changed: it may be older than they are. */
function isTransition({ rule }: ValidationRule): boolean {
  return /\boldSelf\b/.test(rule);
}

type Values = { readonly self: unknown; readonly oldSelf: unknown };

function checkRule(rule: ValidationRule, values: Values, type: string, path: string): StatusCause[] {
  if (isTransition(rule) && rule.optionalOldSelf !== true && values.oldSelf === undefined) return [];
  const variables =
    rule.optionalOldSelf === true ? { ...values, oldSelf: optionalOf(values.oldSelf) } : values;
  const program = compileRule(rule.rule, 'bool');
  if (program.kind !== 'program') return [];
  const field = `${path}${rule.fieldPath ?? ''}`.replace(/^\./, '');
  try {
    if (program.run(variables) === true) return [];
  } catch (error) {
    return [
      invalidValue(field, type, `${summaryOf(error)} evaluating rule: ${rule.message ?? rule.rule.trim()}`),
    ];
  }
  return [broken(rule, messageOf(rule, variables), type, field)];
}

function messageOf(rule: ValidationRule, variables: Values): string {
  const program = rule.messageExpression ? compileRule(rule.messageExpression, 'string') : undefined;
  try {
    const text = program?.kind === 'program' ? program.run(variables) : undefined;
    if (typeof text === 'string' && text.trim() !== '') return text;
  } catch (error) {
    return rule.message ?? `failed rule: ${rule.rule.trim()} (its message: ${summaryOf(error)})`;
  }
  return rule.message ?? `failed rule: ${rule.rule.trim()}`;
}

function broken(rule: ValidationRule, message: string, type: string, field: string): StatusCause {
  switch (rule.reason) {
    case 'FieldValueRequired':
      return { reason: rule.reason, message: `Required value: ${message}`, field };
    case 'FieldValueForbidden':
      return { reason: rule.reason, message: `Forbidden: ${message}`, field };
    case 'FieldValueDuplicate':
      return { reason: rule.reason, message: `Duplicate value: ${JSON.stringify(type)}`, field };
    default:
      return invalidValue(field, type, message);
  }
}
