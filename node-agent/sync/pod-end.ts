/** Which pods the device may not run, or not any longer, whatever their containers do. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import { DEFAULT_GRACE_SECONDS } from '../limits.ts';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from './desired-set.ts';
import type { PlanMemory } from './draft.ts';
import { isFinished, type PodView, viewPod, viewsOf } from './pod-view.ts';

/** Why a pod was ended, as its status says it. */
export type PodEnd = {
  readonly reason:
    | 'Evicted'
    | 'DeadlineExceeded'
    | 'SysctlForbidden'
    | 'UnexpectedAdmissionError'
    | 'Terminated';
  readonly message: string;
  readonly graceSeconds: number;
  /** When, by the wall clock. */
  readonly wallMs: number;
};

type PodVerdict =
  | { readonly kind: 'fine' }
  /** It may run until then, by the monotonic clock. */
  | { readonly kind: 'deadline'; readonly atMs: number }
  | { readonly kind: 'end'; readonly end: Omit<PodEnd, 'wallMs'> };

/** What a pod may set for itself without harm to others. Source: pkg/kubelet/sysctl/safe_sysctls.go. */
const SAFE_SYSCTLS = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
]);

/** The pods that may not go on, and when, by the monotonic clock, the next of the others will be such a one. */
export function podEnds(input: {
  readonly wanted: readonly WantedPod[];
  readonly containers: readonly RuntimeContainer[];
  readonly memory: PlanMemory;
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
}): {
  readonly ends: readonly { readonly uid: string; readonly end: Omit<PodEnd, 'wallMs'> }[];
  readonly deadlineAtMs?: number;
} {
  const { wanted, containers, ...rest } = input;
  const verdicts = wanted.flatMap(({ uid, document, ended, terminateWithinSeconds }) => {
    if (!document || ended || terminateWithinSeconds !== undefined || rest.memory.ended.has(uid)) return [];
    return [{ uid, verdict: podVerdict({ pod: viewPod(document, containers, rest.memory), ...rest }) }];
  });
  const deadlines = verdicts.flatMap(({ verdict }) => (verdict.kind === 'deadline' ? [verdict.atMs] : []));
  return {
    ends: verdicts.flatMap(({ uid, verdict }) => (verdict.kind === 'end' ? [{ uid, end: verdict.end }] : [])),
    deadlineAtMs: deadlines.length > 0 ? Math.min(...deadlines) : undefined,
  };
}

/** The words are the kubelet's. */
export function podVerdict(input: {
  readonly pod: PodView;
  readonly memory: PlanMemory;
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
}): PodVerdict {
  const { pod, memory, nowMs } = input;
  const { activeDeadlineSeconds, terminationGracePeriodSeconds } = pod.document.spec;
  const unsafe = forbiddenSysctl(pod.document.spec);
  if (unsafe) {
    const message = `forbidden sysctl: ${unsafe}`;
    return { kind: 'end', end: { reason: 'SysctlForbidden', message, graceSeconds: 0 } };
  }
  if (activeDeadlineSeconds === undefined || isFinished(pod, memory.replaced)) return { kind: 'fine' };
  const atMs = nowMs - activeMs(input) + activeDeadlineSeconds * 1000;
  if (atMs > nowMs) return { kind: 'deadline', atMs };
  const graceSeconds = terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  const message = 'Pod was active on the node longer than the specified deadline';
  return { kind: 'end', end: { reason: 'DeadlineExceeded', message, graceSeconds } };
}

/** Since the agent saw the pod first, or since its oldest container started: an agent may be younger than its pods. */
function activeMs({ pod, memory, nowMs, wallMs }: Parameters<typeof podVerdict>[0]): number {
  const seenAtMs = memory.seen.get(pod.document.uid)?.atMs ?? nowMs;
  const all = [...(pod.sandbox?.attempts ?? []), ...viewsOf(pod).flatMap(({ attempts }) => attempts)];
  const ages = all.flatMap(({ state }) => (state.kind === 'created' ? [] : [wallMs - state.startedAtMs]));
  return Math.max(nowMs - seenAtMs, ...ages);
}

function forbiddenSysctl({ securityContext, hostNetwork, hostIPC }: core.PodSpec): string | undefined {
  for (const { name } of securityContext?.sysctls ?? []) {
    const dotted = name.replaceAll('/', '.');
    if (!SAFE_SYSCTLS.has(dotted)) return `"${name}" not allowlisted`;
    if (hostNetwork && dotted.startsWith('net.')) return `"${name}" not allowed with host net enabled`;
    if (hostIPC && dotted.startsWith('kernel.shm')) return `"${name}" not allowed with host ipc enabled`;
  }
}
