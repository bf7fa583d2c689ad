import { expect, test } from 'vitest';
import type { JsonObject } from '../json.ts';
import { type DrainOptions, planDrain } from './drain-plan.ts';

function aPod(
  name: string,
  more: { owner?: string; volumes?: JsonObject[]; phase?: string; mirror?: boolean } = {},
): JsonObject {
  const { owner = 'ReplicaSet', volumes = [], phase = 'Running', mirror = false } = more;
  return {
    metadata: {
      name,
      namespace: 'default',
      annotations: mirror ? { 'kubernetes.io/config.mirror': 'x' } : {},
      ownerReferences: owner === '' ? [] : [{ kind: owner, controller: true }],
    },
    spec: { volumes },
    status: { phase },
  };
}

const evicted = (pods: readonly JsonObject[], options: DrainOptions) => {
  const plan = planDrain(pods, options);
  return { evict: plan.evict.length, warnings: plan.warnings, errors: plan.errors };
};

test.each<[string, JsonObject, DrainOptions, number, RegExp | undefined, RegExp | undefined]>([
  ['a replicated pod goes', aPod('a'), {}, 1, undefined, undefined],
  [
    'a DaemonSet’s pod is in the way',
    aPod('a', { owner: 'DaemonSet' }),
    {},
    0,
    undefined,
    /DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): default\/a/,
  ],
  [
    'and stays when ignored',
    aPod('a', { owner: 'DaemonSet' }),
    { ignoreDaemonsets: true },
    0,
    /ignoring DaemonSet-managed Pods: default\/a/,
    undefined,
  ],
  [
    'local data is in the way',
    aPod('a', { volumes: [{ name: 'v', emptyDir: {} }] }),
    {},
    0,
    undefined,
    /local storage/,
  ],
  [
    'and is lost when told so',
    aPod('a', { volumes: [{ name: 'v', emptyDir: {} }] }),
    { deleteEmptydirData: true },
    1,
    undefined,
    undefined,
  ],
  ['a pod of its own is in the way', aPod('a', { owner: '' }), {}, 0, undefined, /declare no controller/],
  ['and goes by force', aPod('a', { owner: '' }), { force: true }, 1, /declare no controller/, undefined],
  ['a finished pod goes', aPod('a', { owner: '', phase: 'Succeeded' }), {}, 1, undefined, undefined],
  ['a mirror pod is left', aPod('a', { mirror: true, owner: '' }), {}, 0, undefined, undefined],
])('%s', (_, pod, options, evict, warning, error) => {
  const plan = evicted([pod], options);
  expect(plan.evict).toBe(evict);
  if (warning) expect(plan.warnings.join()).toMatch(warning);
  else expect(plan.warnings).toEqual([]);
  if (error) expect(plan.errors.join()).toMatch(error);
  else expect(plan.errors).toEqual([]);
});
