/** Checks of single fields, in Kubernetes's words. Source: k8s.io/apimachinery/pkg/util/validation and api/validation. */

import { isDeepStrictEqual } from 'node:util';
import { ipVersionOf } from '../../shared/ip-address.ts';
import type { StatusCause } from '../../shared/kubernetes/api-error.ts';
import { compareQuantities } from '../../shared/quantity.ts';

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_1035_LABEL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED_NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;

const SUBDOMAIN_MESSAGE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const LABEL_MESSAGE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

/** Bytes of all annotations of an object together, as in Kubernetes. */
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

export function invalidValue(field: string, value: unknown, why: string): StatusCause {
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}`, field };
}

export function requiredValue(field: string, why = ''): StatusCause {
  return {
    reason: 'FieldValueRequired',
    message: why === '' ? 'Required value' : `Required value: ${why}`,
    field,
  };
}

export function duplicateValue(field: string, value: unknown): StatusCause {
  return { reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}`, field };
}

export function forbidden(field: string, why: string): StatusCause {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${why}`, field };
}

/** A value that is none of the allowed ones; empty when it is one, or absent. */
export function checkOneOf(
  field: string,
  value: string | undefined,
  allowed: readonly string[],
): StatusCause[] {
  if (value === undefined || allowed.includes(value)) return [];
  const list = [...allowed]
    .sort()
    .map(item => JSON.stringify(item))
    .join(', ');
  return [
    {
      reason: 'FieldValueNotSupported',
      message: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
      field,
    },
  ];
}

export function checkDnsLabel(field: string, value: string): StatusCause[] {
  if (value.length > 63) return [invalidValue(field, value, 'must be no more than 63 characters')];
  return DNS_LABEL.test(value) ? [] : [invalidValue(field, value, LABEL_MESSAGE)];
}

/** A label that begins with a letter, so that it can name a variable of the environment. */
export function checkDns1035Label(field: string, value: string): StatusCause[] {
  if (value.length > 63) return [invalidValue(field, value, 'must be no more than 63 characters')];
  return DNS_1035_LABEL.test(value) ? [] : [invalidValue(field, value, LABEL_1035_MESSAGE)];
}

export function checkDnsSubdomain(field: string, value: string): StatusCause[] {
  if (value.length > 253) return [invalidValue(field, value, 'must be no more than 253 characters')];
  return DNS_SUBDOMAIN.test(value) ? [] : [invalidValue(field, value, SUBDOMAIN_MESSAGE)];
}

/** A name that may be anything that fits in a path. */
export function checkPathSegment(field: string, value: string): StatusCause[] {
  if (value === '.' || value === '..') return [invalidValue(field, value, `may not be '${value}'`)];
  return ['/', '%']
    .filter(character => value.includes(character))
    .map(character => invalidValue(field, value, `may not contain '${character}'`));
}

/** A name with an optional `domain/` before it. */
export function checkQualifiedName(field: string, key: string): StatusCause[] {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  if (slash >= 0 && !DNS_SUBDOMAIN.test(key.slice(0, slash)))
    return [invalidValue(field, key, `prefix part ${SUBDOMAIN_MESSAGE}`)];
  if (name.length > 63 || !QUALIFIED_NAME.test(name))
    return [
      invalidValue(
        field,
        key,
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ),
    ];
  return [];
}

export function checkLabels(
  field: string,
  labels: Readonly<Record<string, string>> | undefined,
): StatusCause[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...checkQualifiedName(field, key),
    ...(value.length > 63 ? [invalidValue(field, value, 'must be no more than 63 characters')] : []),
    ...(LABEL_VALUE.test(value)
      ? []
      : [
          invalidValue(
            field,
            value,
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
          ),
        ]),
  ]);
}

export function checkAnnotations(
  field: string,
  annotations: Readonly<Record<string, string>> | undefined,
): StatusCause[] {
  const entries = Object.entries(annotations ?? {});
  const bytes = entries.reduce(
    (sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value),
    0,
  );
  const faults = entries.flatMap(([key]) => checkQualifiedName(field, key.toLowerCase()));
  if (bytes <= MAX_ANNOTATIONS_BYTES) return faults;
  return [
    ...faults,
    {
      reason: 'FieldValueTooLong',
      message: `Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`,
      field,
    },
  ];
}

/** An integer in [min, max]; empty when it is absent. */
export function checkRange(
  field: string,
  value: number | undefined,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): StatusCause[] {
  if (value === undefined || (value >= min && value <= max)) return [];
  const why =
    max === Number.MAX_SAFE_INTEGER
      ? `must be greater than or equal to ${min}`
      : `must be between ${min} and ${max}, inclusive`;
  return [invalidValue(field, value, why)];
}

/** Values that stand in a list twice. */
export function checkUnique(
  field: (index: number) => string,
  values: readonly (string | undefined)[],
): StatusCause[] {
  return values.flatMap((value, index) =>
    value !== undefined && values.indexOf(value) < index ? [duplicateValue(field(index), value)] : [],
  );
}

/** Anything but what it was. */
export function checkUnchanged(field: string, next: unknown, current: unknown): StatusCause[] {
  return isDeepStrictEqual(next, current) ? [] : [invalidValue(field, next ?? null, 'field is immutable')];
}

export function checkPort(field: string, port: number | undefined): StatusCause[] {
  return checkRange(field, port, 1, 65_535);
}

const PORT_NAME = /^[-a-z0-9]+$/;

/** A port's number, or its name as a container gives it. */
export function checkPortOrName(field: string, port: number | string | undefined): StatusCause[] {
  if (typeof port !== 'string') return checkPort(field, port);
  return [
    ...(port.length > 15 ? ['must be no more than 15 characters'] : []),
    ...(PORT_NAME.test(port)
      ? []
      : ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)']),
    ...(/[a-z]/.test(port) ? [] : ['must contain at least one letter (a-z)']),
    ...(port.includes('--') ? ['must not contain consecutive hyphens'] : []),
    ...(/^-|-$/.test(port) ? ['must not begin or end with a hyphen'] : []),
  ].map(why => invalidValue(field, port, why));
}

export function checkAddress(field: string, address: string): StatusCause[] {
  return ipVersionOf(address) === undefined
    ? [invalidValue(field, address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')]
    : [];
}

export function checkCidr(field: string, cidr: string): StatusCause[] {
  const [address = '', prefix = '', ...more] = cidr.split('/');
  const bits = ipVersionOf(address) === 4 ? 32 : 128;
  const isCidr =
    ipVersionOf(address) !== undefined &&
    /^\d{1,3}$/.test(prefix) &&
    Number(prefix) <= bits &&
    more.length === 0;
  return isCidr
    ? []
    : [invalidValue(field, cidr, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
}

/** A quantity of zero or more. */
export function checkNonNegative(field: string, quantity: string): StatusCause[] {
  return compareQuantities(quantity, '0') < 0
    ? [invalidValue(field, quantity, 'must be greater than or equal to 0')]
    : [];
}

export function tooMany(field: string, actual: number, max: number): StatusCause {
  return {
    reason: 'FieldValueTooMany',
    message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
    field,
  };
}

/** A whole number from 0 up, or a percentage such as "25%"; `maxPercent` bounds the latter. */
export function checkCountOrPercent(
  field: string,
  value: string | number | undefined,
  maxPercent = Number.POSITIVE_INFINITY,
): StatusCause[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return checkRange(field, value, 0);
  const percent = /^([0-9]+)%$/.exec(value)?.[1];
  if (percent === undefined)
    return [
      invalidValue(
        field,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  return Number(percent) > maxPercent
    ? [invalidValue(field, value, `must not be greater than ${maxPercent}%`)]
    : [];
}
