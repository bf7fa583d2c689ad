/** Evictions against a budget, over HTTP on the real registry. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

const namespace = 'default';
const PODS = `/api/v1/namespaces/${namespace}/pods`;
const BUDGETS = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`;
const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";
const labels = { app: 'web' };

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api.stop());

/** A pod that runs and is ready, with nobody's node behind it. */
async function aReadyPod(name: string): Promise<void> {
  const pod = await api.registry.create('Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels },
    spec: { containers: [{ name: 'main', image: 'hello' }] },
  });
  const conditions = [{ type: 'Ready', status: 'True' }];
  await api.registry.updateStatus('Pod', { ...pod, status: { phase: 'Running', conditions } });
}

async function aBudget(status?: { readonly allowed: number; readonly observed?: number }): Promise<void> {
  const budget = await api.registry.create('PodDisruptionBudget', {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: `budget-${Math.random().toString(36).slice(2)}`, namespace },
    spec: { minAvailable: 1, selector: { matchLabels: labels } },
  });
  if (status === undefined) return;
  await api.registry.updateStatus('PodDisruptionBudget', {
    ...budget,
    status: {
      observedGeneration: status.observed ?? budget.metadata.generation,
      disruptionsAllowed: status.allowed,
      currentHealthy: 3,
      desiredHealthy: 1,
      expectedPods: 3,
    },
  });
}

const evict = (name: string) =>
  api.call(`${PODS}/${name}/eviction`, {
    method: 'POST',
    body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } },
  });

it('lets exactly as many go as the budget allows, however many ask at once', async () => {
  await aBudget({ allowed: 1 });
  for (const name of ['a', 'b', 'c']) await aReadyPod(name);
  const codes = (await Promise.all(['a', 'b', 'c'].map(evict))).map(({ code }) => code).sort();
  expect(codes).toEqual([201, 429, 429]);
  const [budget] = (await api.call(BUDGETS)).json().items;
  expect(budget.status.disruptionsAllowed).toBe(0);
  expect(Object.keys(budget.status.disruptedPods)).toHaveLength(1);
});

it('says why it refuses', async () => {
  await aReadyPod('a');
  await aBudget();
  const unseen = await evict('a');
  expect([unseen.code, unseen.json()]).toMatchObject([
    429,
    {
      reason: 'TooManyRequests',
      message: REFUSED,
      details: {
        retryAfterSeconds: 10,
        causes: [
          {
            reason: 'DisruptionBudget',
            message: expect.stringMatching(/is still being processed by the server\.$/),
          },
        ],
      },
    },
  ]);
});

it('serves no pod that has two budgets', async () => {
  await aReadyPod('a');
  await aBudget({ allowed: 1 });
  await aBudget({ allowed: 1 });
  expect((await evict('a')).code).toBe(500);
});
