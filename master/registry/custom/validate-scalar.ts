/** Checks of strings and numbers against a schema, in Kubernetes's words. Pure. Source: k8s.io/kube-openapi/pkg/validation/errors. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { invalidValue } from '../field-checks.ts';
import { hasFormat } from './formats.ts';
import { matchesPattern } from './pattern.ts';

export function checkString(schema: JSONSchemaProps, text: string, path: string): StatusCause[] {
  const { minLength: min, maxLength: max, pattern, format } = schema;
  // Go counts characters, not UTF-16 units.
  const length = min === undefined && max === undefined ? 0 : [...text].length;
  return [
    ...(max !== undefined && length > max
      ? [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${max} bytes`, field: path }]
      : []),
    ...(min !== undefined && length < min
      ? [invalidValue(path, text, `${path} in body should be at least ${min} chars long`)]
      : []),
    ...(pattern !== undefined && !matchesPattern(pattern, text)
      ? [invalidValue(path, text, `${path} in body should match '${pattern}'`)]
      : []),
    ...(format !== undefined && !hasFormat(format, text) ? [wrongFormat(format, text, path)] : []),
  ];
}

function wrongFormat(format: string, text: string, path: string): StatusCause {
  const message = `${path} in body must be of type ${format}: ${JSON.stringify(text)}`;
  return { ...invalidValue(path, text, message), reason: 'FieldValueTypeInvalid' };
}

export function checkNumber(schema: JSONSchemaProps, value: number, path: string): StatusCause[] {
  const { minimum: min, maximum: max, multipleOf } = schema;
  const say = (why: string) => [invalidValue(path, value, `${path} in body should be ${why}`)];
  return [
    ...(max !== undefined && schema.exclusiveMaximum === true && value >= max ? say(`less than ${max}`) : []),
    ...(max !== undefined && schema.exclusiveMaximum !== true && value > max
      ? say(`less than or equal to ${max}`)
      : []),
    ...(min !== undefined && schema.exclusiveMinimum === true && value <= min
      ? say(`greater than ${min}`)
      : []),
    ...(min !== undefined && schema.exclusiveMinimum !== true && value < min
      ? say(`greater than or equal to ${min}`)
      : []),
    ...(multipleOf !== undefined && !isMultiple(value, multipleOf) ? say(`a multiple of ${multipleOf}`) : []),
    ...(isOutOfRange(schema, value)
      ? [
          invalidValue(
            path,
            value,
            `Checked value must be of type ${schema.type} with format ${schema.format} in ${path}`,
          ),
        ]
      : []),
  ];
}

/** Of decimals too: 0.3 is a multiple of 0.1. */
function isMultiple(value: number, of: number): boolean {
  const ratio = value / of;
  return of > 0 && Math.abs(ratio - Math.round(ratio)) < 1e-9 * Math.max(1, Math.abs(ratio));
}

function isOutOfRange({ type, format }: JSONSchemaProps, value: number): boolean {
  if (type !== 'integer' || format !== 'int32') return false;
  return value > 2 ** 31 - 1 || value < -(2 ** 31);
}
