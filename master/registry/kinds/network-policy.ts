/** networking.k8s.io/v1 NetworkPolicy. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import {
  checkCidr,
  checkOneOf,
  checkPort,
  checkPortOrName,
  forbidden,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';
import { formatSelector } from './pod-template.ts';

export const networkPolicy: Kind<'NetworkPolicy'> = {
  id: 'NetworkPolicy',
  kind: 'NetworkPolicy',
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  namespaced: true,
  type: 'V1NetworkPolicy',
  subresources: [],
  columns: [column('Pod-Selector', ({ spec }) => formatSelector(spec?.podSelector)), ageColumn],
  selectableFields: {},
  defaults: object => (object.spec === undefined ? object : { ...object, spec: defaultSpec(object.spec) }),
  validate: ({ spec }) => [
    ...(spec?.policyTypes ?? []).flatMap((type, index) =>
      checkOneOf(`spec.policyTypes[${index}]`, type, ['Egress', 'Ingress']),
    ),
    ...(spec?.ingress ?? []).flatMap((rule, index) =>
      validateRule(rule.ports, rule.from, `spec.ingress[${index}]`, 'from'),
    ),
    ...(spec?.egress ?? []).flatMap((rule, index) =>
      validateRule(rule.ports, rule.to, `spec.egress[${index}]`, 'to'),
    ),
  ],
};

type Spec = NonNullable<KindMap['NetworkPolicy']['spec']>;
type Rule = NonNullable<Spec['ingress']>[number];
type Ports = Rule['ports'];
type Peer = NonNullable<Rule['from']>[number];

function defaultSpec(spec: Spec): Spec {
  const withProtocols = <T extends { readonly ports?: Ports }>(rule: T): T =>
    rule.ports === undefined
      ? rule
      : { ...rule, ports: rule.ports.map(port => ({ ...port, protocol: port.protocol ?? 'TCP' })) };
  return {
    ...spec,
    policyTypes: spec.policyTypes ?? (spec.egress?.length ? ['Ingress', 'Egress'] : ['Ingress']),
    ...(spec.ingress === undefined ? {} : { ingress: spec.ingress.map(withProtocols) }),
    ...(spec.egress === undefined ? {} : { egress: spec.egress.map(withProtocols) }),
  };
}

function validateRule(
  ports: Ports = [],
  peers: readonly Peer[] = [],
  path: string,
  peersField: string,
): StatusCause[] {
  return [
    ...ports.flatMap(({ port, endPort, protocol }, index) => {
      const field = `${path}.ports[${index}]`;
      return [
        ...checkOneOf(`${field}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
        ...checkPortOrName(`${field}.port`, port),
        ...validateEndPort(port, endPort, field),
      ];
    }),
    ...peers.flatMap((peer, index) => validatePeer(peer, `${path}.${peersField}[${index}]`)),
  ];
}

function validateEndPort(
  port: number | string | undefined,
  endPort: number | undefined,
  path: string,
): StatusCause[] {
  if (endPort === undefined) return [];
  if (port === undefined)
    return [invalidValue(`${path}.endPort`, endPort, 'may not be specified when `port` is not specified')];
  if (typeof port === 'string')
    return [invalidValue(`${path}.endPort`, endPort, 'may not be specified when `port` is non-numeric')];
  return [
    ...(endPort < port
      ? [invalidValue(`${path}.endPort`, endPort, 'must be greater than or equal to `port`')]
      : []),
    ...checkPort(`${path}.endPort`, endPort),
  ];
}

function validatePeer({ ipBlock, namespaceSelector, podSelector }: Peer, path: string): StatusCause[] {
  const hasSelector = namespaceSelector !== undefined || podSelector !== undefined;
  if (ipBlock === undefined) return hasSelector ? [] : [requiredValue(path, 'must specify a peer')];
  return [
    ...(hasSelector ? [forbidden(path, 'may not specify both ipBlock and another peer')] : []),
    ...checkCidr(`${path}.ipBlock.cidr`, ipBlock.cidr ?? ''),
    ...(ipBlock.except ?? []).flatMap((cidr, index) => checkCidr(`${path}.ipBlock.except[${index}]`, cidr)),
  ];
}
