/** How fast a target may follow what its metrics ask for: windows and policies. Pure. Source: autoscaling/v2's `behavior`. */
import type { HPAScalingRules } from 'kubernetes-types/autoscaling/v2';
import type { HorizontalPodAutoscaler } from '../../../shared/kubernetes/objects.ts';

/** Kubernetes's defaults. */
const SCALE_UP: HPAScalingRules = {
  stabilizationWindowSeconds: 0,
  policies: [
    { type: 'Pods', value: 4, periodSeconds: 15 },
    { type: 'Percent', value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN: HPAScalingRules = {
  stabilizationWindowSeconds: 300,
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

/** What was asked for and done lately, oldest first. */
export type ScalingHistory = {
  readonly asked: readonly { readonly atMs: number; readonly replicas: number }[];
  readonly changes: readonly { readonly atMs: number; readonly by: number }[];
};

export const NO_HISTORY: ScalingHistory = { asked: [], changes: [] };
/** No window and no policy looks further back than an hour. */
const KEPT_MS = 3_600_000;

/** The history with one more thing, and without what no rule looks at any more, or what a clock put back left in the future. */
export function remembered(
  history: ScalingHistory,
  more: { readonly nowMs: number; readonly asked?: number; readonly by?: number },
): ScalingHistory {
  const { nowMs, asked, by } = more;
  const isFresh = ({ atMs }: { readonly atMs: number }) => atMs <= nowMs && nowMs - atMs < KEPT_MS;
  return {
    asked: [
      ...history.asked.filter(isFresh),
      ...(asked === undefined ? [] : [{ atMs: nowMs, replicas: asked }]),
    ],
    changes: [
      ...history.changes.filter(isFresh),
      ...(by === undefined || by === 0 ? [] : [{ atMs: nowMs, by }]),
    ],
  };
}

export type Limited = {
  readonly replicas: number;
  readonly reason: string;
  readonly message: string;
  readonly isLimited: boolean;
};

/** The size to take, of the one asked for: steadied, then held to the policies, then to the bounds. */
export function limitedSize(
  autoscaler: HorizontalPodAutoscaler,
  size: { readonly asked: number; readonly current: number; readonly nowMs: number },
  history: ScalingHistory,
): { readonly limited: Limited; readonly isStabilized: 'up' | 'down' | undefined } {
  const { asked, current, nowMs } = size;
  const { minReplicas = 1, maxReplicas, behavior } = autoscaler.spec;
  const up = { ...SCALE_UP, ...behavior?.scaleUp };
  const down = { ...SCALE_DOWN, ...behavior?.scaleDown };
  const within = (seconds = 0) =>
    history.asked.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas);
  // Growing follows the least that was asked for within its window, shrinking the most.
  const least = Math.min(asked, ...within(up.stabilizationWindowSeconds));
  const most = Math.max(asked, ...within(down.stabilizationWindowSeconds ?? 300));
  const steady = Math.max(Math.min(current, most), least);
  const isStabilized = steady === asked ? undefined : asked < steady ? 'down' : 'up';
  const maxByRate = Math.max(current, highest(up, current, history, nowMs));
  const minByRate = Math.min(current, lowest(down, current, history, nowMs));
  const answer = (replicas: number, reason: string, message: string, isLimited: boolean) => ({
    limited: { replicas, reason, message, isLimited },
    isStabilized: isStabilized as 'up' | 'down' | undefined,
  });
  if (steady > Math.min(maxReplicas, maxByRate))
    return maxByRate < maxReplicas
      ? answer(
          maxByRate,
          'ScaleUpLimit',
          'the desired replica count is increasing faster than the maximum scale rate',
          true,
        )
      : answer(
          maxReplicas,
          'TooManyReplicas',
          'the desired replica count is more than the maximum replica count',
          true,
        );
  if (steady < Math.max(minReplicas, minByRate))
    return minByRate > minReplicas
      ? answer(
          minByRate,
          'ScaleDownLimit',
          'the desired replica count is decreasing faster than the maximum scale rate',
          true,
        )
      : answer(
          minReplicas,
          'TooFewReplicas',
          'the desired replica count is less than the minimum replica count',
          true,
        );
  return answer(steady, 'DesiredWithinRange', 'the desired count is within the acceptable range', false);
}

/** Sizes that each policy allows, from what the size was when its period began. */
function allowed(
  { policies = [] }: HPAScalingRules,
  current: number,
  { changes }: ScalingHistory,
  { nowMs, sign }: { readonly nowMs: number; readonly sign: 1 | -1 },
): readonly number[] {
  return policies.map(({ type, value, periodSeconds }) => {
    const lately = changes
      .filter(({ atMs, by }) => atMs > nowMs - periodSeconds * 1000 && by * sign > 0)
      .reduce((sum, { by }) => sum + by, 0);
    const before = current - lately;
    if (type === 'Pods') return before + sign * value;
    const scaled = (before * (100 + sign * value)) / 100;
    return sign > 0 ? Math.ceil(scaled) : Math.floor(scaled);
  });
}

function highest(rules: HPAScalingRules, current: number, history: ScalingHistory, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const sizes = allowed(rules, current, history, { nowMs, sign: 1 });
  return rules.selectPolicy === 'Min' ? Math.min(...sizes) : Math.max(...sizes);
}

function lowest(rules: HPAScalingRules, current: number, history: ScalingHistory, nowMs: number): number {
  if (rules.selectPolicy === 'Disabled') return current;
  const sizes = allowed(rules, current, history, { nowMs, sign: -1 });
  return rules.selectPolicy === 'Min' ? Math.max(...sizes) : Math.min(...sizes);
}
