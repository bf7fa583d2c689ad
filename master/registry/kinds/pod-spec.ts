/** Defaults and validation of a pod's spec: for pods and for every template of pods. Source: Kubernetes's API reference, core/v1. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Container, PodSpec, ResourceRequirements } from '../../../shared/kubernetes/objects.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkOneOf,
  checkRange,
  checkUnique,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import { checkEnvSource, checkVariable, defaultVariable } from './pod-environment.ts';
import { checkProbes, defaultProbes } from './pod-probes.ts';
import { checkResources } from './pod-resources.ts';
import { checkMount, checkVolume, defaultVolume } from './pod-volumes.ts';

/** The spec with every default that Kubernetes would fill in. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  return {
    ...spec,
    containers: (spec.containers ?? []).map(defaultContainer),
    ...(spec.initContainers === undefined
      ? {}
      : { initContainers: spec.initContainers.map(defaultContainer) }),
    ...(spec.ephemeralContainers === undefined
      ? {}
      : { ephemeralContainers: spec.ephemeralContainers.map(defaultContainer) }),
    ...(spec.volumes === undefined ? {} : { volumes: spec.volumes.map(defaultVolume) }),
    restartPolicy: spec.restartPolicy ?? 'Always',
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    dnsPolicy: spec.dnsPolicy ?? 'ClusterFirst',
    securityContext: spec.securityContext ?? {},
    schedulerName: spec.schedulerName ?? 'default-scheduler',
  };
}

function defaultContainer<C extends Container>(container: C): C {
  return {
    ...container,
    ...defaultProbes(container),
    resources: defaultResources(container.resources),
    terminationMessagePath: container.terminationMessagePath ?? '/dev/termination-log',
    terminationMessagePolicy: container.terminationMessagePolicy ?? 'File',
    imagePullPolicy:
      container.imagePullPolicy ?? (hasMovingTag(container.image ?? '') ? 'Always' : 'IfNotPresent'),
    ...(container.ports === undefined
      ? {}
      : { ports: container.ports.map(port => ({ ...port, protocol: port.protocol ?? 'TCP' })) }),
    ...(container.env === undefined ? {} : { env: container.env.map(defaultVariable) }),
  };
}

/** A limit without a request is the request too. */
function defaultResources(resources: ResourceRequirements = {}): ResourceRequirements {
  return resources.limits === undefined
    ? resources
    : { ...resources, requests: { ...resources.limits, ...resources.requests } };
}

function hasMovingTag(image: string): boolean {
  if (image.includes('@')) return false;
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === 'latest';
}

/** Every fault of a spec below `path`. */
export function validatePodSpec(spec: PodSpec, path: string): StatusCause[] {
  const containers = spec.containers ?? [];
  const initContainers = spec.initContainers ?? [];
  const volumes = spec.volumes ?? [];
  const volumeNames = new Set(volumes.map(volume => volume.name));
  const graceSeconds = spec.terminationGracePeriodSeconds ?? 30;
  const names = [...initContainers, ...containers].map(container => container.name);
  return [
    ...(containers.length === 0 ? [requiredValue(`${path}.containers`)] : []),
    ...containers.flatMap((container, index) => [
      ...validateContainer(container, `${path}.containers[${index}]`, volumeNames),
      ...checkProbes(container, `${path}.containers[${index}]`, { isInit: false, graceSeconds }),
    ]),
    ...initContainers.flatMap((container, index) => [
      ...validateContainer(container, `${path}.initContainers[${index}]`, volumeNames),
      ...checkProbes(container, `${path}.initContainers[${index}]`, {
        isInit: container.restartPolicy !== 'Always',
        graceSeconds,
      }),
    ]),
    ...(spec.ephemeralContainers ?? []).flatMap((container, index) =>
      validateContainer(container, `${path}.ephemeralContainers[${index}]`, volumeNames),
    ),
    ...checkUnique(
      index =>
        index < initContainers.length
          ? `${path}.initContainers[${index}].name`
          : `${path}.containers[${index - initContainers.length}].name`,
      names,
    ),
    ...volumes.flatMap((volume, index) => checkVolume(volume, `${path}.volumes[${index}]`)),
    ...checkUnique(
      index => `${path}.volumes[${index}].name`,
      volumes.map(volume => volume.name),
    ),
    ...checkOneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...checkOneOf(`${path}.dnsPolicy`, spec.dnsPolicy, [
      'ClusterFirst',
      'ClusterFirstWithHostNet',
      'Default',
      'None',
    ]),
    ...checkRange(`${path}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds, 0),
    ...checkRange(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds, 1, 2 ** 31 - 1),
    ...(spec.nodeName ? checkDnsSubdomain(`${path}.nodeName`, spec.nodeName) : []),
    ...(spec.hostname ? checkDnsLabel(`${path}.hostname`, spec.hostname) : []),
    ...(spec.tolerations ?? []).flatMap((toleration, index) => [
      ...checkOneOf(`${path}.tolerations[${index}].operator`, toleration.operator || undefined, [
        'Equal',
        'Exists',
      ]),
      ...checkOneOf(`${path}.tolerations[${index}].effect`, toleration.effect || undefined, [
        'NoSchedule',
        'PreferNoSchedule',
        'NoExecute',
      ]),
      ...(toleration.tolerationSeconds !== undefined && toleration.effect !== 'NoExecute'
        ? [
            invalidValue(
              `${path}.tolerations[${index}].effect`,
              toleration.effect ?? '',
              "effect must be 'NoExecute' when `tolerationSeconds` is set",
            ),
          ]
        : []),
    ]),
  ];
}

function validateContainer(
  container: Container,
  path: string,
  volumeNames: ReadonlySet<string>,
): StatusCause[] {
  return [
    ...(container.name ? checkDnsLabel(`${path}.name`, container.name) : [requiredValue(`${path}.name`)]),
    ...(container.image ? validateImage(`${path}.image`, container.image) : [requiredValue(`${path}.image`)]),
    ...checkOneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']),
    ...checkOneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]),
    ...checkResources(container.resources, `${path}.resources`),
    ...(container.env ?? []).flatMap((variable, index) => checkVariable(variable, `${path}.env[${index}]`)),
    ...(container.envFrom ?? []).flatMap((source, index) =>
      checkEnvSource(source, `${path}.envFrom[${index}]`),
    ),
    ...(container.ports ?? []).flatMap((port, index) => [
      ...checkRange(`${path}.ports[${index}].containerPort`, port.containerPort, 1, 65_535),
      ...(port.hostPort ? checkRange(`${path}.ports[${index}].hostPort`, port.hostPort, 1, 65_535) : []),
      ...checkOneOf(`${path}.ports[${index}].protocol`, port.protocol, ['TCP', 'UDP', 'SCTP']),
    ]),
    ...(container.volumeMounts ?? []).flatMap((mount, index) => [
      ...(volumeNames.has(mount.name)
        ? []
        : [
            {
              reason: 'FieldValueNotFound',
              message: `Not found: ${JSON.stringify(mount.name)}`,
              field: `${path}.volumeMounts[${index}].name`,
            },
          ]),
      ...checkMount(mount, isPrivileged(container), `${path}.volumeMounts[${index}]`),
    ]),
    ...checkUnique(
      index => `${path}.volumeMounts[${index}].mountPath`,
      (container.volumeMounts ?? []).map(mount => mount.mountPath),
    ),
  ];
}

function isPrivileged({ securityContext }: Container): boolean {
  return securityContext?.privileged === true;
}

function validateImage(field: string, image: string): StatusCause[] {
  return image.trim() === image
    ? []
    : [invalidValue(field, image, 'must not have leading or trailing whitespace')];
}
