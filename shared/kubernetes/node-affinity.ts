/** Which nodes a pod may and would rather run on, by the node's labels and name. */
import type * as core from 'kubernetes-types/core/v1';
import type { Node, PodSpec } from './objects.ts';
import { type Labels, matchesRequirements, type Requirement } from './selectors.ts';

const OPERATORS: Readonly<Record<string, Requirement['operator']>> = {
  In: 'In',
  NotIn: 'NotIn',
  Exists: 'Exists',
  DoesNotExist: 'DoesNotExist',
  Gt: 'Gt',
  Lt: 'Lt',
};

/** True when the node matches every expression and field of the term; a term without any matches nothing. */
export function matchesNodeSelectorTerm(term: core.NodeSelectorTerm, node: Node): boolean {
  const expressions = term.matchExpressions ?? [];
  const fields = term.matchFields ?? [];
  if (expressions.length + fields.length === 0) return false;
  return (
    matchesAll(expressions, node.metadata.labels ?? {}) &&
    matchesAll(fields, { 'metadata.name': node.metadata.name })
  );
}

function matchesAll(requirements: readonly core.NodeSelectorRequirement[], labels: Labels): boolean {
  return requirements.every(({ key, operator, values }) => {
    const known = OPERATORS[operator];
    return (
      known !== undefined && matchesRequirements([{ key, operator: known, values: values ?? [] }], labels)
    );
  });
}

/** True when the node satisfies the pod's nodeSelector and its required node affinity. */
export function matchesNodeAffinity(spec: PodSpec, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const selected = Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value);
  if (!selected) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return (
    required === undefined || required.nodeSelectorTerms.some(term => matchesNodeSelectorTerm(term, node))
  );
}
