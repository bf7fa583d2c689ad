/** What is particular to containers that join a running pod. Source: Kubernetes's ValidateEphemeralContainers. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Pod, PodSpec } from '../../../shared/kubernetes/objects.ts';
import { duplicateValue, forbidden } from '../field-checks.ts';

type EphemeralContainer = NonNullable<PodSpec['ephemeralContainers']>[number];

const PATH = 'spec.ephemeralContainers';
const NOT_FOR_EPHEMERAL = 'cannot be set for an Ephemeral Container';
/** They come without guarantees, and stay as they are until the pod goes. */
const REFUSED = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
  'restartPolicy',
] as const;

/** Faults beyond those that any container may have. */
export function validateEphemeralContainers(spec: PodSpec): StatusCause[] {
  const ephemeral = spec.ephemeralContainers ?? [];
  const others = [...(spec.initContainers ?? []), ...spec.containers].map(({ name }) => name);
  return [
    ...ephemeral.flatMap((container, index) => validateOne(container, spec, `${PATH}[${index}]`)),
    ...ephemeral.flatMap(({ name }, index) =>
      [...others, ...ephemeral.slice(0, index).map(before => before.name)].includes(name)
        ? [duplicateValue(`${PATH}[${index}].name`, name)]
        : [],
    ),
  ];
}

function validateOne(container: EphemeralContainer, spec: PodSpec, path: string): StatusCause[] {
  const { targetContainerName: target } = container;
  const isThere = [...spec.containers, ...(spec.initContainers ?? [])].some(({ name }) => name === target);
  return [
    ...(target && !isThere ? [missingTarget(`${path}.targetContainerName`, target)] : []),
    ...REFUSED.filter(name => isSet(container[name])).map(name =>
      forbidden(`${path}.${name}`, NOT_FOR_EPHEMERAL),
    ),
    ...(container.volumeMounts ?? []).flatMap((mount, index) =>
      (['subPath', 'subPathExpr'] as const)
        .filter(name => mount[name])
        .map(name => forbidden(`${path}.volumeMounts[${index}].${name}`, NOT_FOR_EPHEMERAL)),
    ),
  ];
}

function missingTarget(field: string, target: string): StatusCause {
  return { reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(target)}`, field };
}

function isSet(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value !== undefined && value !== '';
  return Object.keys(value).length > 0;
}

/** Every forbidden change: each that was there stays, as it was. */
export function validateAddedEphemeralContainers(next: Pod, current: Pod): StatusCause[] {
  const after = new Map((next.spec.ephemeralContainers ?? []).map(each => [each.name, each]));
  return (current.spec.ephemeralContainers ?? []).flatMap(before => {
    const now = after.get(before.name);
    if (now !== undefined && isDeepStrictEqual(now, before)) return [];
    const verb = now === undefined ? 'removed' : 'changed';
    return [
      forbidden(PATH, `existing ephemeral containers ${JSON.stringify(before.name)} may not be ${verb}`),
    ];
  });
}
