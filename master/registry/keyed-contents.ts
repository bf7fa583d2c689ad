/** What ConfigMaps and Secrets share: keys that can be file names, a bound on size, and `immutable`. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../shared/kubernetes/api-error.ts';
import { forbidden, invalidValue } from './field-checks.ts';

/** As in Kubernetes: all values together. */
const MAX_BYTES = 1024 * 1024;
const KEY = /^[-._a-zA-Z0-9]{1,253}$/;

export function checkContents(field: string, contents: Readonly<Record<string, string>> = {}): StatusCause[] {
  const bytes = Object.values(contents).reduce((sum, value) => sum + Buffer.byteLength(value), 0);
  const badKeys = Object.keys(contents).filter(key => !KEY.test(key) || key === '.' || key.startsWith('..'));
  return [
    ...badKeys.map(key =>
      invalidValue(
        `${field}[${key}]`,
        key,
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ),
    ),
    ...(bytes > MAX_BYTES
      ? [{ reason: 'FieldValueTooLong', message: `Too long: may not be more than ${MAX_BYTES} bytes`, field }]
      : []),
  ];
}

type Keyed = { readonly immutable?: boolean; readonly data?: unknown; readonly binaryData?: unknown };

export function checkImmutable(next: Keyed, current: Keyed): StatusCause[] {
  if (current.immutable !== true) return [];
  const changed =
    next.immutable !== true ||
    !isDeepStrictEqual(next.data, current.data) ||
    !isDeepStrictEqual(next.binaryData, current.binaryData);
  return changed ? [forbidden('data', 'field is immutable when `immutable` is set')] : [];
}
