/** Checks that volumes and claims share. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { compareQuantities } from '../../../shared/quantity.ts';
import { checkOneOf, forbidden, invalidValue, requiredValue } from '../field-checks.ts';

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export function checkAccessModes(field: string, modes: readonly string[] = []): StatusCause[] {
  return [
    ...(modes.length === 0 ? [requiredValue(field, 'at least 1 access mode is required')] : []),
    ...modes.flatMap(mode => checkOneOf(field, mode, ACCESS_MODES)),
    ...(modes.length > 1 && modes.includes('ReadWriteOncePod')
      ? [forbidden(field, 'may not use ReadWriteOncePod with other access modes')]
      : []),
  ];
}

export function checkPositive(field: string, quantity: string): StatusCause[] {
  return compareQuantities(quantity, '0') > 0
    ? []
    : [invalidValue(field, quantity, 'must be greater than zero')];
}
