/**
 * Checks a value against a structural schema, in Kubernetes's words. Pure; its time grows with schema × value.
 * Source: k8s.io/kube-openapi/pkg/validation/validate and apiextensions-apiserver/pkg/apiserver/validation.
 */
import { isDeepStrictEqual } from 'node:util';
import { isRecord } from '../../../shared/is-record.ts';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { invalidValue, requiredValue } from '../field-checks.ts';
import { MAX_DEPTH, MAX_FAULTS } from './limits.ts';
import { canonicalText, childPath, earlierElements, memberSchema, ownMember } from './schema-nodes.ts';
import { checkArray } from './validate-array.ts';
import { checkNumber, checkString } from './validate-scalar.ts';

/**
 * Every fault of `value`, up to a bound. `path` is empty at the root. What stands in `before`, which it replaces, and has not
 * changed, may be as it is: nobody must mend at once what a stricter schema finds.
 */
export function validateValue(
  schema: JSONSchemaProps,
  value: unknown,
  { path = '', before }: { readonly path?: string; readonly before?: unknown } = {},
): StatusCause[] {
  return checkValue(schema, { value, before }, path, 0).slice(0, MAX_FAULTS);
}

/** A value, and what it was; undefined for what was not there. */
type Change = { readonly value: unknown; readonly before: unknown };

/** JSON Schema's name for the type of a value. */
export function typeName(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function checkValue(schema: JSONSchemaProps, change: Change, path: string, depth: number): StatusCause[] {
  const { value, before } = change;
  const faults = faultsOf(schema, change, path, depth);
  const mayStay = faults.length > 0 && before !== undefined && isDeepStrictEqual(value, before);
  // An element that stands there twice is always told of, as in Kubernetes.
  return mayStay ? faults.filter(({ reason }) => reason === 'FieldValueDuplicate') : faults;
}

function faultsOf(schema: JSONSchemaProps, change: Change, path: string, depth: number): StatusCause[] {
  const { value } = change;
  if (depth > MAX_DEPTH) return [invalidValue(path, '', `must not be nested deeper than ${MAX_DEPTH}`)];
  if (value === null && schema.nullable === true) return [];
  const mistyped = checkType(schema, value, path);
  if (mistyped.length > 0) return mistyped;
  return [
    ...checkEnum(schema, value, path),
    ...(typeof value === 'string' ? checkString(schema, value, path) : []),
    ...(typeof value === 'number' ? checkNumber(schema, value, path) : []),
    ...(Array.isArray(value) ? checkArray(schema, value, path) : []),
    ...(Array.isArray(value) ? checkItems(schema, value, { path, depth, before: change.before }) : []),
    ...(isRecord(value) ? checkMembers(schema, value, { path, depth, before: change.before }) : []),
    ...checkLogic(schema, change, path, depth),
  ];
}

function checkType(schema: JSONSchemaProps, value: unknown, path: string): StatusCause[] {
  const actual = typeName(value);
  const wanted = schema['x-kubernetes-int-or-string'] === true ? 'integer,string' : schema.type;
  if (wanted === undefined || wanted === '' || wanted.split(',').includes(actual)) return [];
  if (wanted === 'number' && actual === 'integer') return [];
  const message = `${path} in body must be of type ${wanted}: ${JSON.stringify(actual)}`;
  return [{ ...invalidValue(path, actual, message), reason: 'FieldValueTypeInvalid' }];
}

function checkEnum(schema: JSONSchemaProps, value: unknown, path: string): StatusCause[] {
  if (schema.enum === undefined) return [];
  const wanted = canonicalText(value);
  if (schema.enum.some(allowed => canonicalText(allowed) === wanted)) return [];
  const list = schema.enum.map(allowed =>
    typeof allowed === 'string' ? JSON.stringify(allowed) : `"${JSON.stringify(allowed)}"`,
  );
  return [
    {
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list.join(', ')}`,
      field: path,
    },
  ];
}

type Place = { readonly path: string; readonly depth: number; readonly before: unknown };

function checkItems(
  schema: JSONSchemaProps,
  items: readonly unknown[],
  { path, depth, before }: Place,
): StatusCause[] {
  const { items: element } = schema;
  if (element === undefined) return [];
  const earlier = earlierElements(schema, before);
  return gather(items.entries(), ([index, item]) =>
    checkValue(element, { value: item, before: earlier(item) }, `${path}[${index}]`, depth + 1),
  );
}

function checkMembers(
  schema: JSONSchemaProps,
  value: Readonly<Record<string, unknown>>,
  { path, depth, before }: Place,
): StatusCause[] {
  const names = Object.keys(value);
  const { minProperties: min, maxProperties: max } = schema;
  return [
    ...(min !== undefined && names.length < min
      ? [invalidValue(path, value, `${path} in body should have at least ${min} properties`)]
      : []),
    ...(max !== undefined && names.length > max
      ? [
          {
            reason: 'FieldValueTooMany',
            message: `Too many: ${names.length}: must have at most ${max} items`,
            field: path,
          },
        ]
      : []),
    ...(schema.required ?? [])
      .filter(name => ownMember(value, name) === undefined)
      .map(name => requiredValue(childPath(path, name))),
    ...(schema['x-kubernetes-embedded-resource'] === true ? ['apiVersion', 'kind'] : [])
      .filter(name => typeof value[name] !== 'string' || value[name] === '')
      .map(name => requiredValue(childPath(path, name), 'must not be empty')),
    ...gather(names, name => {
      const below = memberSchema(schema, name);
      const earlier = isRecord(before) ? ownMember(before, name) : undefined;
      const change = { value: value[name], before: earlier };
      return below === undefined ? [] : checkValue(below, change, childPath(path, name), depth + 1);
    }),
  ];
}

function checkLogic(schema: JSONSchemaProps, change: Change, path: string, depth: number): StatusCause[] {
  const faultsOf = (part: JSONSchemaProps) => checkValue(part, change, path, depth + 1);
  const name = JSON.stringify(path);
  const composite = (why: string) => invalidValue(path, '', `${name} ${why}`);
  const faults: StatusCause[] = [];
  if (schema.anyOf !== undefined && schema.anyOf.length > 0) {
    const tried = schema.anyOf.map(faultsOf);
    const best = tried.reduce((least, each) => (each.length < least.length ? each : least));
    if (best.length > 0) faults.push(composite('must validate at least one schema (anyOf)'), ...best);
  }
  if (schema.oneOf !== undefined && schema.oneOf.length > 0) {
    const tried = schema.oneOf.map(faultsOf);
    const valid = tried.filter(each => each.length === 0).length;
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`;
    if (valid !== 1) faults.push(composite(`must validate one and only one schema (oneOf). ${found}`));
    if (valid === 0)
      faults.push(...tried.reduce((least, each) => (each.length < least.length ? each : least)));
  }
  const failed = (schema.allOf ?? []).map(faultsOf).filter(each => each.length > 0);
  if (failed.length > 0) {
    const none = failed.length === schema.allOf?.length ? '. None validated' : '';
    faults.push(composite(`must validate all the schemas (allOf)${none}`), ...failed.flat());
  }
  if (schema.not !== undefined && faultsOf(schema.not).length === 0)
    faults.push(composite('must not validate the schema (not)'));
  return faults;
}

/** Faults of one after the other, until there are enough of them. */
function gather<T>(each: Iterable<T>, check: (one: T) => StatusCause[]): StatusCause[] {
  const faults: StatusCause[] = [];
  for (const one of each) {
    faults.push(...check(one));
    if (faults.length >= MAX_FAULTS) break;
  }
  return faults;
}
