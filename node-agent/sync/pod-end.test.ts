import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import { newMemory } from './memory.ts';
import { aDocument, aRuntimeContainer, exited, running } from './pod-builders.ts';
import { podEnds, podVerdict } from './pod-end.ts';
import { viewPod } from './pod-view.ts';

const START_MS = 1_700_000_000_000;

/** Of a pod seen first at monotonic time 0 of an agent that starts at START_MS. */
function verdict(
  spec: Partial<core.PodSpec>,
  containers: readonly RuntimeContainer[],
  nowMs: number,
  wallMs = START_MS + nowMs,
) {
  const memory = newMemory();
  memory.seen.set('uid-1', { atMs: 0, wallMs: START_MS });
  return podVerdict({ pod: viewPod(aDocument({ spec }), containers, memory), memory, nowMs, wallMs });
}

describe('activeDeadlineSeconds', () => {
  const spec = { activeDeadlineSeconds: 60, terminationGracePeriodSeconds: 7 };
  const overdue = {
    kind: 'end',
    end: {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
      graceSeconds: 7,
    },
  };
  it.each([
    { name: 'before', containers: [], nowMs: 59_999, want: { kind: 'deadline', atMs: 60_000 } },
    { name: 'after, though nothing ran', containers: [], nowMs: 60_000, want: overdue },
    {
      name: 'after, by a container older than the agent',
      containers: [aRuntimeContainer({ state: running(START_MS - 50_000) })],
      nowMs: 10_000,
      want: overdue,
    },
    {
      name: 'before, when the clock was set back',
      containers: [aRuntimeContainer({ state: running(START_MS + 1_000_000) })],
      nowMs: 10_000,
      want: { kind: 'deadline', atMs: 60_000 },
    },
  ])('$name', ({ containers, nowMs, want }) => {
    expect(verdict(spec, containers, nowMs)).toEqual(want);
  });

  it('is nothing to a pod that has finished', () => {
    const done = [aRuntimeContainer({ state: exited(0) })];
    expect(verdict({ ...spec, restartPolicy: 'Never' }, done, 100_000)).toEqual({ kind: 'fine' });
  });
});

describe('sysctls', () => {
  const asked = (name: string, more: Partial<core.PodSpec> = {}) =>
    verdict({ securityContext: { sysctls: [{ name, value: '1' }] }, ...more }, [], 0);
  const forbidden = (message: string) => ({
    kind: 'end',
    end: { reason: 'SysctlForbidden', message, graceSeconds: 0 },
  });
  it.each([
    { name: 'kernel.shm_rmid_forced', want: { kind: 'fine' } },
    { name: 'net/ipv4/tcp_syncookies', want: { kind: 'fine' } },
    { name: 'kernel.msgmax', want: forbidden('forbidden sysctl: "kernel.msgmax" not allowlisted') },
    {
      name: 'net.ipv4.tcp_syncookies',
      more: { hostNetwork: true },
      want: forbidden('forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled'),
    },
    {
      name: 'kernel.shm_rmid_forced',
      more: { hostIPC: true },
      want: forbidden('forbidden sysctl: "kernel.shm_rmid_forced" not allowed with host ipc enabled'),
    },
  ])('$name', ({ name, more, want }) => {
    expect(asked(name, more)).toEqual(want);
  });
});

it('names the pods that end, and when the next one will', () => {
  const pods: Partial<core.PodSpec>[] = [
    {},
    { activeDeadlineSeconds: 9 },
    { activeDeadlineSeconds: 10 },
    { activeDeadlineSeconds: 30 },
    { activeDeadlineSeconds: 20 },
  ];
  const memory = newMemory();
  const wanted = pods.map((spec, index) => {
    const uid = `uid-${index}`;
    memory.seen.set(uid, { atMs: 0, wallMs: START_MS });
    return { uid, digest: 'd', document: aDocument({ uid, spec }) };
  });
  memory.ended.set('uid-1', { reason: 'Evicted', message: '', graceSeconds: 0, wallMs: 0 });
  const made = podEnds({ wanted, containers: [], memory, nowMs: 10_000, wallMs: START_MS + 10_000 });
  expect(made.ends.map(({ uid }) => uid)).toEqual(['uid-2']);
  expect(made.deadlineAtMs).toBe(20_000);
});
