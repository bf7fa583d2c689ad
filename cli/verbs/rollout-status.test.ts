import { expect, test } from 'vitest';
import { CliError } from '../errors.ts';
import { rolloutStatus } from './rollout-status.ts';

const aDeployment = (status: object, replicas = 3) => ({
  kind: 'Deployment',
  metadata: { name: 'web', generation: 2 },
  spec: { replicas },
  status: { observedGeneration: 2, ...status },
});

test.each([
  [{ observedGeneration: 1 }, false, 'Waiting for deployment spec update to be observed...'],
  [
    { updatedReplicas: 1 },
    false,
    'Waiting for deployment "web" rollout to finish: 1 out of 3 new replicas have been updated...',
  ],
  [
    { updatedReplicas: 3, replicas: 4 },
    false,
    'Waiting for deployment "web" rollout to finish: 1 old replicas are pending termination...',
  ],
  [
    { updatedReplicas: 3, replicas: 3, availableReplicas: 2 },
    false,
    'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...',
  ],
  [
    { updatedReplicas: 3, replicas: 3, availableReplicas: 3 },
    true,
    'deployment "web" successfully rolled out',
  ],
])('%j', (status, done, message) => expect(rolloutStatus(aDeployment(status))).toEqual({ done, message }));

test('none wanted is done', () => expect(rolloutStatus(aDeployment({}, 0)).done).toBe(true));

test('a rollout that got stuck is an error', () => {
  const conditions = [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }];
  expect(() => rolloutStatus(aDeployment({ conditions }))).toThrow(CliError);
});

test('a daemon set counts its nodes', () => {
  const aSet = (status: object) => ({ kind: 'DaemonSet', metadata: { name: 'd' }, status });
  expect(rolloutStatus(aSet({ desiredNumberScheduled: 2, updatedNumberScheduled: 1 })).message).toContain(
    '1 out of 2 new pods',
  );
  expect(
    rolloutStatus(aSet({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 })).message,
  ).toContain('1 of 2 updated pods');
  expect(
    rolloutStatus(aSet({ desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 2 })).done,
  ).toBe(true);
});
