/** Required affinity and anti-affinity between pods, by the topology that their nodes are in. */
import type { PodAffinityTerm } from 'kubernetes-types/core/v1';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import type { Claim, NodeLoad } from '../node-load.ts';
import { type Filter, PASSES } from './filter.ts';

/** Values of one node label where a term holds. */
type Domains = { readonly key: string; readonly values: ReadonlySet<string> };

/** The rules that bind one pod, worked out over all nodes once. */
export type PodAffinity = {
  /** The pod must go where each of these is; `isFirst`: nobody matches yet, and the pod matches itself. */
  readonly near: readonly (Domains & { readonly isFirst: boolean })[];
  /** The pod itself refuses to go there. */
  readonly away: readonly Domains[];
  /** Pods that are there refuse it. */
  readonly refused: readonly Domains[];
};

/** Labels of a namespace, for terms that select namespaces; an unknown one has none. */
export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>>;

/** Undefined when no rule binds the pod: O(nodes). O(pods) when the pod has rules of its own. */
export function podAffinityOf(
  { pod }: Claim,
  loads: readonly NodeLoad[],
  labelsOf: NamespaceLabels,
): PodAffinity | undefined {
  const near = pod.spec.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const away = antiTermsOf(pod);
  const refused = loads.some(load => load.aloof.length > 0) ? refusals(pod, loads, labelsOf) : [];
  if (near.length + away.length + refused.length === 0) return undefined;
  return {
    near: near.map(term => {
      const domains = domainsOf(term, { pod, loads, labelsOf });
      return {
        ...domains,
        isFirst: domains.values.size === 0 && selects(term, { from: pod, pod, labelsOf }),
      };
    }),
    away: away.map(term => domainsOf(term, { pod, loads, labelsOf })),
    refused,
  };
}

export const filterPodAffinity: Filter = ({ load, affinity }) => {
  if (affinity === undefined) return PASSES;
  const isIn = ({ key, values }: Domains) => values.has(load.node.metadata.labels?.[key] ?? '');
  const has = ({ key }: Domains) => load.node.metadata.labels?.[key] !== undefined;
  if (!affinity.near.every(rule => has(rule) && (rule.isFirst || isIn(rule))))
    return ["node(s) didn't match pod affinity rules"];
  if (affinity.away.some(isIn)) return ["node(s) didn't match pod anti-affinity rules"];
  if (affinity.refused.some(isIn)) return ["node(s) didn't satisfy existing pods anti-affinity rules"];
  return PASSES;
};

function antiTermsOf(pod: Pod): readonly PodAffinityTerm[] {
  return pod.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
}

function refusals(pod: Pod, loads: readonly NodeLoad[], labelsOf: NamespaceLabels): readonly Domains[] {
  return loads.flatMap(({ node, aloof }) =>
    aloof.flatMap(({ pod: neighbour }) =>
      antiTermsOf(neighbour)
        .filter(term => selects(term, { from: neighbour, pod, labelsOf }))
        .flatMap(({ topologyKey: key }) => {
          const value = node.metadata.labels?.[key];
          return value === undefined ? [] : [{ key, values: new Set([value]) }];
        }),
    ),
  );
}

type Question = { pod: Pod; loads: readonly NodeLoad[]; labelsOf: NamespaceLabels };

function domainsOf(term: PodAffinityTerm, { pod, loads, labelsOf }: Question): Domains {
  const values = new Set<string>();
  for (const { node, claims } of loads) {
    const value = node.metadata.labels?.[term.topologyKey];
    if (value === undefined || values.has(value)) continue;
    if (claims.some(claim => selects(term, { from: pod, pod: claim.pod, labelsOf }))) values.add(value);
  }
  return { key: term.topologyKey, values };
}

/** True when a term of the pod `from` means `pod`. A term without a label selector means none. */
function selects(term: PodAffinityTerm, about: { from: Pod; pod: Pod; labelsOf: NamespaceLabels }): boolean {
  const { from, pod, labelsOf } = about;
  const namespace = pod.metadata.namespace ?? '';
  const { namespaces = [], namespaceSelector, labelSelector } = term;
  const isLocal = namespaces.length === 0 && namespaceSelector === undefined;
  const isNear =
    (isLocal && namespace === from.metadata.namespace) ||
    namespaces.includes(namespace) ||
    (namespaceSelector !== undefined && matchesLabelSelector(namespaceSelector, labelsOf(namespace)));
  return isNear && labelSelector !== undefined && matchesLabelSelector(labelSelector, pod.metadata.labels);
}
