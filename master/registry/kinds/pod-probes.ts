/** Defaults and validation of probes and lifecycle hooks. Source: Kubernetes's API reference, core/v1, and its validation. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Container } from '../../../shared/kubernetes/objects.ts';
import {
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkRange,
  forbidden,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';

type Probe = NonNullable<Container['livenessProbe']>;
type Lifecycle = NonNullable<Container['lifecycle']>;
type Handler = NonNullable<Lifecycle['postStart']> & Pick<Probe, 'grpc'>;

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
const HOOKS = ['postStart', 'preStop'] as const;
const HANDLERS = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

/** The container's probes and hooks with every default; only those that it has. */
export function defaultProbes(container: Container): Pick<Container, (typeof PROBES)[number] | 'lifecycle'> {
  const probes = PROBES.flatMap(name => {
    const probe = container[name];
    return probe ? [[name, defaultProbe(probe)]] : [];
  });
  const hooks = HOOKS.flatMap(name => {
    const hook = container.lifecycle?.[name];
    return hook ? [[name, { ...hook, ...defaultHttpGet(hook) }]] : [];
  });
  return {
    ...Object.fromEntries(probes),
    ...(container.lifecycle ? { lifecycle: { ...container.lifecycle, ...Object.fromEntries(hooks) } } : {}),
  };
}

function defaultProbe(probe: Probe): Probe {
  return {
    ...probe,
    timeoutSeconds: probe.timeoutSeconds || 1,
    periodSeconds: probe.periodSeconds || 10,
    successThreshold: probe.successThreshold || 1,
    failureThreshold: probe.failureThreshold || 3,
    ...defaultHttpGet(probe),
    ...(probe.grpc ? { grpc: { ...probe.grpc, service: probe.grpc.service ?? '' } } : {}),
  };
}

function defaultHttpGet({ httpGet }: Pick<Handler, 'httpGet'>): Pick<Handler, 'httpGet'> {
  return httpGet
    ? { httpGet: { ...httpGet, path: httpGet.path || '/', scheme: httpGet.scheme || 'HTTP' } }
    : {};
}

/** Faults of the probes and hooks of a container of the pod or, with `isInit`, of an init container that runs to its end. */
export function checkProbes(
  container: Container,
  path: string,
  pod: { readonly isInit: boolean; readonly graceSeconds: number },
): StatusCause[] {
  const { lifecycle } = container;
  if (pod.isInit)
    return (['lifecycle', ...PROBES] as const).flatMap(name =>
      container[name]
        ? [forbidden(`${path}.${name}`, 'may not be set for init containers without restartPolicy=Always')]
        : [],
    );
  return [
    ...HOOKS.flatMap(name => {
      const hook = lifecycle?.[name];
      return hook ? checkHandler(hook, `${path}.lifecycle.${name}`, pod.graceSeconds) : [];
    }),
    ...PROBES.flatMap(name => {
      const probe = container[name];
      return probe ? checkProbe(probe, name, `${path}.${name}`) : [];
    }),
  ];
}

function checkProbe(probe: Probe, name: (typeof PROBES)[number], path: string): StatusCause[] {
  const { successThreshold = 1, terminationGracePeriodSeconds: graceSeconds } = probe;
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  const isReadiness = name === 'readinessProbe';
  return [
    ...checkHandler(probe, path, Number.POSITIVE_INFINITY),
    ...counts.flatMap(field => checkRange(`${path}.${field}`, probe[field], 0)),
    ...(!isReadiness && successThreshold !== 1
      ? [invalidValue(`${path}.successThreshold`, successThreshold, 'must be 1')]
      : []),
    ...(isReadiness && graceSeconds !== undefined
      ? [
          invalidValue(
            `${path}.terminationGracePeriodSeconds`,
            graceSeconds,
            'must not be set for readinessProbes',
          ),
        ]
      : []),
    ...(!isReadiness && graceSeconds !== undefined && graceSeconds <= 0
      ? [invalidValue(`${path}.terminationGracePeriodSeconds`, graceSeconds, 'must be greater than 0')]
      : []),
  ];
}

function checkHandler(handler: Handler, path: string, graceSeconds: number): StatusCause[] {
  const [first, ...others] = HANDLERS.filter(name => handler[name]);
  if (first === undefined) return [requiredValue(path, 'must specify a handler type')];
  const surplus = others.map(name =>
    forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'),
  );
  return [...surplus, ...checkAction(handler, first, `${path}.${first}`, graceSeconds)];
}

function checkAction(
  { exec, httpGet, tcpSocket, grpc, sleep }: Handler,
  name: (typeof HANDLERS)[number],
  path: string,
  graceSeconds: number,
): StatusCause[] {
  switch (name) {
    case 'exec':
      return exec?.command?.length ? [] : [requiredValue(`${path}.command`)];
    case 'httpGet':
      return [
        ...checkPortOrName(`${path}.port`, httpGet?.port ?? 0),
        ...checkOneOf(`${path}.scheme`, httpGet?.scheme, ['HTTP', 'HTTPS']),
        ...(httpGet?.httpHeaders ?? []).flatMap(({ name: header }, index) =>
          /^[-A-Za-z0-9]+$/.test(header)
            ? []
            : [
                invalidValue(
                  `${path}.httpHeaders[${index}].name`,
                  header,
                  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
                ),
              ],
        ),
      ];
    case 'tcpSocket':
      return checkPortOrName(`${path}.port`, tcpSocket?.port ?? 0);
    case 'grpc':
      return checkPort(`${path}.port`, grpc?.port ?? 0);
    case 'sleep': {
      const seconds = sleep?.seconds ?? 0;
      if (seconds > 0 && seconds <= graceSeconds) return [];
      const why = `must be greater than 0 and less than terminationGracePeriodSeconds (${graceSeconds})`;
      return [invalidValue(path, seconds, why)];
    }
  }
}
