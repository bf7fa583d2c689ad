/** What makes a Service invalid. Source: Kubernetes's ValidateService. */
import { isDeepStrictEqual } from 'node:util';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { Service } from '../../../shared/kubernetes/objects.ts';
import {
  checkAddress,
  checkCidr,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabels,
  checkOneOf,
  checkPort,
  checkPortOrName,
  checkQualifiedName,
  duplicateValue,
  forbidden,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';

type Spec = Service['spec'];
type Port = NonNullable<Spec['ports']>[number];

/** A day: how long a client may be kept at the pod it first reached. */
const MAX_AFFINITY_SECONDS = 86_400;

export function isHeadless({ clusterIP, clusterIPs }: Spec): boolean {
  return clusterIP === 'None' || clusterIPs?.[0] === 'None';
}

export function validateService({ spec }: Service): StatusCause[] {
  return [
    ...validatePorts(spec),
    ...validateType(spec),
    ...checkLabels('spec.selector', spec.selector),
    ...checkOneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']),
    ...validateAffinity(spec),
    ...checkOneOf('spec.type', spec.type, ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']),
    ...(spec.externalIPs ?? []).flatMap((address, index) =>
      checkAddress(`spec.externalIPs[${index}]`, address),
    ),
    ...validateAddresses(spec),
    ...validatePolicies(spec),
  ];
}

function validatePorts(spec: Spec): StatusCause[] {
  const ports = spec.ports ?? [];
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName')
    return [requiredValue('spec.ports')];
  const names = ports.map(({ name }) => name);
  const keys = ports.map(({ protocol, port }) => `${protocol}/${port}`);
  const nodePorts = ports.map(({ protocol, nodePort }) => (nodePort ? `${protocol}/${nodePort}` : undefined));
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`;
    const repeats = (values: readonly (string | undefined)[]) =>
      values[index] !== undefined && values.indexOf(values[index]) < index;
    return [
      ...(ports.length > 1 && !port.name ? [requiredValue(`${path}.name`)] : []),
      ...(port.name && repeats(names) ? [duplicateValue(`${path}.name`, port.name)] : []),
      ...validatePort(port, path),
      ...(repeats(keys) ? [duplicateValue(path, { protocol: port.protocol, port: port.port })] : []),
      ...(spec.type === 'ClusterIP' && port.nodePort
        ? [forbidden(`${path}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
        : []),
      ...(repeats(nodePorts) ? [duplicateValue(`${path}.nodePort`, port.nodePort)] : []),
    ];
  });
}

function validatePort(port: Port, path: string): StatusCause[] {
  return [
    ...(port.name ? checkDnsLabel(`${path}.name`, port.name) : []),
    ...checkPort(`${path}.port`, port.port),
    ...checkOneOf(`${path}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']),
    ...checkPortOrName(`${path}.targetPort`, port.targetPort),
    ...(port.appProtocol ? checkQualifiedName(`${path}.appProtocol`, port.appProtocol) : []),
  ];
}

function validateType(spec: Spec): StatusCause[] {
  switch (spec.type) {
    case 'LoadBalancer':
    case 'NodePort':
      return isHeadless(spec)
        ? [invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`)]
        : [];
    case 'ExternalName':
      return [
        ...(spec.clusterIPs?.length || spec.clusterIP
          ? [forbidden('spec.clusterIPs', 'may not be set for ExternalName services')]
          : []),
        ...(spec.externalName
          ? checkDnsSubdomain('spec.externalName', spec.externalName.replace(/\.$/, ''))
          : [requiredValue('spec.externalName')]),
      ];
    default:
      return [];
  }
}

function validateAffinity({ sessionAffinityConfig }: Spec): StatusCause[] {
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  return seconds !== undefined && (seconds <= 0 || seconds > MAX_AFFINITY_SECONDS)
    ? [
        invalidValue(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${MAX_AFFINITY_SECONDS}`,
        ),
      ]
    : [];
}

function validateAddresses({
  clusterIP,
  clusterIPs = [],
  ipFamilies = [],
  ipFamilyPolicy,
}: Spec): StatusCause[] {
  return [
    ...checkOneOf('spec.ipFamilyPolicy', ipFamilyPolicy, [
      'PreferDualStack',
      'RequireDualStack',
      'SingleStack',
    ]),
    ...ipFamilies.flatMap((family, index) =>
      checkOneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']),
    ),
    ...clusterIPs.flatMap((address, index) =>
      address === 'None' && index === 0 ? [] : checkAddress(`spec.clusterIPs[${index}]`, address),
    ),
    ...(clusterIP !== undefined && clusterIPs.length > 0 && clusterIPs[0] !== clusterIP
      ? [invalidValue('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`')]
      : []),
  ];
}

function validatePolicies(spec: Spec): StatusCause[] {
  const isExternal = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || spec.externalIPs?.length;
  return [
    ...(spec.externalTrafficPolicy && !isExternal
      ? [
          invalidValue(
            'spec.externalTrafficPolicy',
            spec.externalTrafficPolicy,
            'may only be set for externally-accessible services',
          ),
        ]
      : checkOneOf('spec.externalTrafficPolicy', spec.externalTrafficPolicy, ['Cluster', 'Local'])),
    ...checkOneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']),
    ...checkOneOf('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose']),
    ...(spec.loadBalancerSourceRanges?.length && spec.type !== 'LoadBalancer'
      ? [forbidden('spec.loadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'")]
      : (spec.loadBalancerSourceRanges ?? []).flatMap((range, index) =>
          checkCidr(`spec.loadBalancerSourceRanges[${index}]`, range.trim()),
        )),
    ...(spec.loadBalancerClass && spec.type !== 'LoadBalancer'
      ? [forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'")]
      : []),
    ...(spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer'
      ? [forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'")]
      : []),
  ];
}

/** A service keeps its first address as long as it has one at all. */
export function validateServiceUpdate({ spec: next }: Service, { spec: current }: Service): StatusCause[] {
  const keeps = (type: string | undefined) => type !== 'ExternalName';
  if (!keeps(next.type) || !keeps(current.type) || current.clusterIPs?.[0] === undefined) return [];
  return isDeepStrictEqual(next.clusterIPs?.[0], current.clusterIPs[0])
    ? []
    : [invalidValue('spec.clusterIPs[0]', next.clusterIPs ?? [], 'may not change once set')];
}
