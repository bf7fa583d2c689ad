/** Defaults and checks of containers' environments, and of the fields and resources that they and volumes may read. Source: k8s.io/kubernetes/pkg/apis/core/validation. */
import type * as core from 'kubernetes-types/core/v1';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { checkOneOf, invalidValue, requiredValue } from '../field-checks.ts';

type WithFields = {
  readonly fieldRef?: core.ObjectFieldSelector;
  readonly resourceFieldRef?: core.ResourceFieldSelector;
};

/** What a variable, or a file of the downward API, is filled in with. */
export function defaultFields<T extends WithFields>(item: T): T {
  const { fieldRef, resourceFieldRef } = item;
  return {
    ...item,
    ...(fieldRef && { fieldRef: { ...fieldRef, apiVersion: fieldRef.apiVersion ?? 'v1' } }),
    ...(resourceFieldRef && {
      resourceFieldRef: { ...resourceFieldRef, divisor: resourceFieldRef.divisor ?? '0' },
    }),
  };
}

export function defaultVariable(variable: core.EnvVar): core.EnvVar {
  if (variable.valueFrom === undefined) return variable;
  return { ...variable, valueFrom: defaultFields(variable.valueFrom) };
}

export function checkVariable({ name, value, valueFrom }: core.EnvVar, path: string): StatusCause[] {
  const isNamed = name !== '' && !name.includes('=');
  return [
    ...(isNamed ? [] : [invalidValue(`${path}.name`, name, 'must not be empty or contain "="')]),
    ...(valueFrom === undefined ? [] : checkValueFrom(valueFrom, value, `${path}.valueFrom`)),
  ];
}

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

function checkValueFrom(source: core.EnvVarSource, value: string | undefined, path: string): StatusCause[] {
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  const given = [fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef].filter(
    each => each !== undefined,
  );
  return [
    ...(fieldRef ? checkFieldRef(fieldRef, ENV_FIELDS, `${path}.fieldRef`) : []),
    ...(resourceFieldRef ? checkResourceFieldRef(resourceFieldRef, `${path}.resourceFieldRef`) : []),
    ...(configMapKeyRef ? checkKeyRef(configMapKeyRef, `${path}.configMapKeyRef`) : []),
    ...(secretKeyRef ? checkKeyRef(secretKeyRef, `${path}.secretKeyRef`) : []),
    ...(given.length === 0
      ? [
          invalidValue(
            path,
            '',
            'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`',
          ),
        ]
      : []),
    ...(given.length > 0 && value
      ? [invalidValue(path, '', 'may not be specified when `value` is not empty')]
      : []),
    ...(given.length > 1
      ? [invalidValue(path, '', 'may not have more than one field specified at a time')]
      : []),
  ];
}

function checkKeyRef({ name, key }: { name?: string; key: string }, path: string): StatusCause[] {
  return [...(name ? [] : [requiredValue(`${path}.name`)]), ...(key ? [] : [requiredValue(`${path}.key`)])];
}

export function checkEnvSource({ configMapRef, secretRef }: core.EnvFromSource, path: string): StatusCause[] {
  const given = Object.entries({ configMapRef, secretRef }).filter(([, ref]) => ref !== undefined);
  if (given.length === 0)
    return [invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`')];
  return [
    ...given.flatMap(([field, ref]) => (ref?.name ? [] : [requiredValue(`${path}.${field}.name`)])),
    ...(given.length > 1
      ? [invalidValue(path, '', 'may not have more than one field specified at a time')]
      : []),
  ];
}

const KEYED = /^metadata\.(labels|annotations)\['[^']*'\]$/;

/** `allowed`: the fields that can be read there; single labels and annotations can be read everywhere. */
export function checkFieldRef(
  { fieldPath }: core.ObjectFieldSelector,
  allowed: readonly string[],
  path: string,
): StatusCause[] {
  if (!fieldPath) return [requiredValue(`${path}.fieldPath`)];
  return KEYED.test(fieldPath) ? [] : checkOneOf(`${path}.fieldPath`, fieldPath, allowed);
}

const CPU_DIVISORS = ['0', '1m', '1'];
const BYTE_DIVISORS = [
  ...['0', '1', '1k', '1M', '1G', '1T', '1P', '1E'],
  ...['1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'],
];
const RESOURCES = ['cpu', 'memory', 'ephemeral-storage'].flatMap(name => [
  `limits.${name}`,
  `requests.${name}`,
]);

export function checkResourceFieldRef(
  { resource, divisor }: core.ResourceFieldSelector,
  path: string,
): StatusCause[] {
  if (!resource) return [requiredValue(`${path}.resource`)];
  const [, name = ''] = resource.split('.');
  const divisors = name === 'cpu' ? CPU_DIVISORS : BYTE_DIVISORS;
  const isFaulty = divisor !== undefined && !divisors.includes(String(divisor));
  const values = name === 'cpu' ? '1m and 1' : BYTE_DIVISORS.slice(1).join(', ');
  return [
    ...checkOneOf(`${path}.resource`, resource, RESOURCES),
    ...(isFaulty
      ? [
          invalidValue(
            `${path}.divisor`,
            divisor,
            `only divisor's values ${values} are supported with the ${name} resource`,
          ),
        ]
      : []),
  ];
}
