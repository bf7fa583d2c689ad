/** HorizontalPodAutoscaler: sizes its target by what its pods use. */
import type { HorizontalPodAutoscalerCondition } from 'kubernetes-types/autoscaling/v2';
import { canonicalJson } from '../../../shared/digest.ts';
import type { HorizontalPodAutoscaler, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import { matchesRequirements } from '../../../shared/kubernetes/selectors.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import type { UsageReader } from '../../watch/usage-reader.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { AUTOSCALER_PERIOD_MS } from '../limits.ts';
import { type ScaleTarget, scaleTarget } from '../scale-target.ts';
import { limitedSize, NO_HISTORY, remembered, type ScalingHistory } from './behavior.ts';
import { type Measured, measure } from './metrics.ts';

/** What was asked for lately is kept in memory, as in Kubernetes: with a master that starts anew, every window does. */
export function autoscalerController(
  usage: Pick<UsageReader, 'podUsage'>,
): Controller<'HorizontalPodAutoscaler'> {
  const histories = new Map<string, ScalingHistory>();
  return {
    name: 'horizontal-pod-autoscaler',
    of: 'HorizontalPodAutoscaler',
    wakes: {},
    plan(input) {
      const autoscaler = input.view.get('HorizontalPodAutoscaler', input.ref);
      if (autoscaler === undefined) {
        histories.delete(keyOf(input.ref));
        return { actions: [] };
      }
      const history = histories.get(keyOf(input.ref)) ?? NO_HISTORY;
      const decision = decide(autoscaler, input, { usage, history });
      histories.set(keyOf(input.ref), decision.history);
      return { actions: decision.actions, againAtMs: input.nowMs + AUTOSCALER_PERIOD_MS };
    },
  };
}

function keyOf({ namespace, name }: ObjectRef): string {
  return `${namespace}/${name}`;
}

type Decision = Plan & { readonly history: ScalingHistory };
type Finding = Pick<HorizontalPodAutoscalerCondition, 'type' | 'status' | 'reason' | 'message'>;

/** Pure: measures, steadies, and sizes the target. */
export function decide(
  autoscaler: HorizontalPodAutoscaler,
  { view, ref, nowMs }: PlanInput,
  { usage, history }: { readonly usage: Pick<UsageReader, 'podUsage'>; readonly history: ScalingHistory },
): Decision {
  const { scaleTargetRef, minReplicas = 1, maxReplicas, metrics = [] } = autoscaler.spec;
  const { namespace = 'default' } = ref;
  const target = scaleTarget(view, scaleTargetRef, { namespace, name: scaleTargetRef.name });
  if (target === undefined) {
    const message = `the HPA controller was unable to get the target's current scale: ${scaleTargetRef.kind} "${scaleTargetRef.name}" not found`;
    return refuse(
      autoscaler,
      { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message },
      nowMs,
      history,
    );
  }
  const able: Finding = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededGetScale',
    message: "the HPA controller was able to get the target's current scale",
  };
  if (target.replicas === 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    const idle: Finding = { type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message };
    return {
      history,
      actions: statusActions(autoscaler, { findings: [able, idle], target, desired: 0, nowMs }),
    };
  }
  if (target.replicas > maxReplicas || target.replicas < minReplicas) {
    const desired = Math.min(maxReplicas, Math.max(minReplicas, target.replicas));
    const bound = target.replicas > maxReplicas ? 'above' : 'below';
    const reason = `Current number of replicas ${bound} Spec.${bound === 'above' ? 'Max' : 'Min'}Replicas`;
    return scale(autoscaler, { target, desired, reason, findings: [], measured: [], nowMs, history });
  }
  const pods = view
    .list('Pod', namespace)
    .filter(
      pod => target.selector !== undefined && matchesRequirements(target.selector, pod.metadata.labels),
    );
  const measured = metrics.map(metric =>
    measure({ metric, namespace, pods, replicas: target.replicas, usage }),
  );
  const known = measured.filter(each => each.ok);
  const [best] = [...known].sort((a, b) => b.replicas - a.replicas);
  const fault = measured.find(each => !each.ok);
  // With a metric missing, what is left may make it grow and never shrink.
  if (best === undefined || (fault !== undefined && best.replicas < target.replicas)) {
    const message = `the HPA was unable to compute the replica count: ${fault?.message ?? 'no metrics'}`;
    const reason = fault?.reason ?? 'InvalidMetricSourceType';
    const idle: Finding = { type: 'ScalingActive', status: 'False', reason, message };
    const desired = autoscaler.status?.desiredReplicas ?? 0;
    return {
      history,
      actions: statusActions(autoscaler, { findings: [able, idle], target, desired, nowMs }),
    };
  }
  const lately = remembered(history, { nowMs });
  // The size that an autoscaler finds counts as asked for: nothing shrinks at once because a master started or an autoscaler was made.
  const before = lately.asked.length > 0 ? lately : remembered(lately, { nowMs, asked: target.replicas });
  const { limited, isStabilized } = limitedSize(
    autoscaler,
    { asked: best.replicas, current: target.replicas, nowMs },
    before,
  );
  const active: Finding = {
    type: 'ScalingActive',
    status: 'True',
    reason: 'ValidMetricFound',
    message: `the HPA was able to successfully calculate a replica count from ${best.name}`,
  };
  const limit: Finding = {
    type: 'ScalingLimited',
    status: limited.isLimited ? 'True' : 'False',
    reason: limited.reason,
    message: limited.message,
  };
  const steadied: Finding =
    isStabilized === undefined
      ? { ...able, reason: 'ReadyForNewScale', message: 'recommended size matches current size' }
      : {
          ...able,
          reason: isStabilized === 'down' ? 'ScaleDownStabilized' : 'ScaleUpStabilized',
          message: `recent recommendations were ${isStabilized === 'down' ? 'higher' : 'lower'} than current one, applying the ${isStabilized === 'down' ? 'highest' : 'lowest'} recent recommendation`,
        };
  const reason =
    limited.replicas > target.replicas ? `${best.name} above target` : 'All metrics below target';
  return scale(autoscaler, {
    target,
    desired: limited.replicas,
    reason,
    findings: [steadied, active, limit],
    measured,
    nowMs,
    history: remembered(before, { nowMs, asked: best.replicas }),
  });
}

type Scaling = {
  readonly target: ScaleTarget;
  readonly desired: number;
  readonly reason: string;
  readonly findings: readonly Finding[];
  readonly measured: readonly Measured[];
  readonly nowMs: number;
  readonly history: ScalingHistory;
};

function scale(autoscaler: HorizontalPodAutoscaler, scaling: Scaling): Decision {
  const { target, desired, reason, findings, measured, nowMs, history } = scaling;
  const isScaled = desired !== target.replicas;
  const done: Finding = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededRescale',
    message: `the HPA controller was able to update the target scale to ${desired}`,
  };
  const said = isScaled ? [done, ...findings.filter(({ type }) => type !== 'AbleToScale')] : findings;
  const message = `New size: ${desired}; reason: ${reason}`;
  return {
    history: isScaled ? remembered(history, { nowMs, by: desired - target.replicas }) : history,
    actions: [
      ...(isScaled ? [target.resize(desired), tell(autoscaler, 'Normal', 'SuccessfulRescale', message)] : []),
      ...statusActions(autoscaler, { findings: said, target, desired, measured, isScaled, nowMs }),
    ],
  };
}

function refuse(
  autoscaler: HorizontalPodAutoscaler,
  finding: Finding,
  nowMs: number,
  history: ScalingHistory,
): Decision {
  const desired = autoscaler.status?.desiredReplicas ?? 0;
  return { history, actions: statusActions(autoscaler, { findings: [finding], desired, nowMs }) };
}

type StatusInput = {
  readonly findings: readonly Finding[];
  readonly target?: ScaleTarget;
  readonly desired: number;
  readonly measured?: readonly Measured[];
  readonly isScaled?: boolean;
  readonly nowMs: number;
};

/** What cannot be measured is told once, with the write that says so. */
function statusActions(autoscaler: HorizontalPodAutoscaler, input: StatusInput): readonly Action[] {
  const { findings, target, desired, measured, isScaled, nowMs } = input;
  const before = autoscaler.status;
  const now = formatTime(nowMs);
  const old = before?.conditions ?? [];
  const conditions = findings.map((finding): HorizontalPodAutoscalerCondition => {
    const same = old.find(({ type, status }) => type === finding.type && status === finding.status);
    return { ...finding, lastTransitionTime: same?.lastTransitionTime ?? now };
  });
  const kept = old.filter(({ type }) => !findings.some(finding => finding.type === type));
  const status = {
    ...before,
    observedGeneration: autoscaler.metadata.generation ?? 0,
    currentReplicas: target?.observedReplicas ?? before?.currentReplicas ?? 0,
    desiredReplicas: desired,
    conditions: [...conditions, ...kept],
    currentMetrics:
      measured === undefined
        ? before?.currentMetrics
        : // In the order of the spec's: kubectl finds them by their place.
          measured.map(each => (each.ok ? each.status : { type: '' })),
    lastScaleTime: isScaled ? now : before?.lastScaleTime,
  };
  if (canonicalJson(status) === canonicalJson(before ?? {})) return [];
  const faults = findings.filter(({ status: is, type }) => is === 'False' && type !== 'ScalingLimited');
  const isNew = (finding: Finding) =>
    !old.some(
      ({ type, status: is, reason }) => type === finding.type && is === 'False' && reason === finding.reason,
    );
  return [
    { kind: 'updateStatus', of: 'HorizontalPodAutoscaler', object: { ...autoscaler, status } },
    ...faults
      .filter(isNew)
      .map(({ reason = '', message = '' }) => tell(autoscaler, 'Warning', reason, message)),
  ];
}

function tell(
  autoscaler: HorizontalPodAutoscaler,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Action {
  return { kind: 'event', about: subjectOf('HorizontalPodAutoscaler', autoscaler), type, reason, message };
}
