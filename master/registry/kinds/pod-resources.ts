/** Checks of what a container requests and is limited to. Source: Kubernetes's ValidateContainerResourceRequirements. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { ResourceRequirements } from '../../../shared/kubernetes/objects.ts';
import { compareQuantities, parseBytes } from '../../../shared/quantity.ts';
import { invalidValue, requiredValue } from '../field-checks.ts';

/** Every fault of the resources at `path`. Of what cannot be shared a container gets whole ones, and as many as it may use. */
export function checkResources(resources: ResourceRequirements | undefined, path: string): StatusCause[] {
  const { limits = {}, requests = {} } = resources ?? {};
  return [
    ...checkAmounts(`${path}.limits`, limits),
    ...checkAmounts(`${path}.requests`, requests),
    ...Object.entries(requests).flatMap(([name, request]) => checkRequest(path, name, request, limits[name])),
  ];
}

function checkAmounts(path: string, amounts: Readonly<Record<string, string>>): StatusCause[] {
  return Object.entries(amounts).flatMap(([name, amount]) => {
    const field = `${path}[${name}]`;
    if (compareQuantities(amount, '0') < 0)
      return [invalidValue(field, amount, 'must be greater than or equal to 0')];
    const isWhole = compareQuantities(amount, String(parseBytes(amount) ?? 0)) === 0;
    return isExtended(name) && !isWhole ? [invalidValue(field, amount, 'must be an integer')] : [];
  });
}

function checkRequest(path: string, name: string, request: string, limit: string | undefined): StatusCause[] {
  const isShared = !isExtended(name) && !name.startsWith('hugepages-');
  if (limit === undefined)
    return isShared
      ? []
      : [requiredValue(`${path}.limits`, 'Limit must be set for non overcommitable resources')];
  const difference = compareQuantities(request, limit);
  if (!isShared && difference !== 0)
    return [invalidValue(`${path}.requests`, request, `must be equal to ${name} limit of ${limit}`)];
  return difference > 0
    ? [invalidValue(`${path}.requests`, request, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}

/** What is of no domain, or of Kubernetes's own, is not. */
function isExtended(name: string): boolean {
  const [domain = '', ...rest] = name.split('/');
  return rest.length > 0 && !/(^|\.)kubernetes\.io$/.test(domain);
}
