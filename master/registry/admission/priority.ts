/** A pod's priority, from the class that it names. Pure. Source: Kubernetes's Priority admission. */
import type { ApiError } from '../../../shared/kubernetes/api-error.ts';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';

type PriorityClass = { readonly name: string; readonly value: number; readonly preemptionPolicy: string };

/** Classes that every cluster has, whether or not they are stored. */
const SYSTEM_CLASSES: readonly PriorityClass[] = [
  { name: 'system-cluster-critical', value: 2_000_000_000, preemptionPolicy: 'PreemptLowerPriority' },
  { name: 'system-node-critical', value: 2_000_001_000, preemptionPolicy: 'PreemptLowerPriority' },
];

export function withPriority(pod: Pod, view: ClusterView, refuse: (why: string) => ApiError): Pod {
  const { priorityClassName, priority, preemptionPolicy } = pod.spec;
  const found = priorityClassName ? classOf(priorityClassName, view) : defaultClass(view);
  if (priorityClassName && found === undefined)
    throw refuse(`no PriorityClass with name ${priorityClassName} was found`);
  const computed = found?.value ?? 0;
  if (priority !== undefined && priority !== computed)
    throw refuse(
      `the integer value of priority (${priority}) must not be provided in pod spec; priority admission controller computed ${computed} from the given PriorityClass name`,
    );
  const policy = found?.preemptionPolicy ?? 'PreemptLowerPriority';
  if (preemptionPolicy !== undefined && preemptionPolicy !== policy)
    throw refuse(
      `the string value of PreemptionPolicy (${preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${policy} from the given PriorityClass name`,
    );
  const named = found === undefined ? {} : { priorityClassName: found.name };
  return { ...pod, spec: { ...pod.spec, ...named, priority: computed, preemptionPolicy: policy } };
}

function classOf(name: string, view: ClusterView): PriorityClass | undefined {
  return (
    storedClasses(view).find(each => each.name === name) ?? SYSTEM_CLASSES.find(each => each.name === name)
  );
}

/** Of several global defaults the lowest, as Kubernetes chooses. */
function defaultClass(view: ClusterView): PriorityClass | undefined {
  return storedClasses(view)
    .filter(({ globalDefault }) => globalDefault)
    .sort((a, b) => a.value - b.value)[0];
}

function storedClasses(view: ClusterView) {
  return view
    .list('PriorityClass')
    .map(({ metadata, value, globalDefault = false, preemptionPolicy = 'PreemptLowerPriority' }) => ({
      name: metadata.name,
      value,
      globalDefault,
      preemptionPolicy,
    }));
}
