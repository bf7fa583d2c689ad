import { describe, expect, test } from 'vitest';
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

describe('a stateful set', () => {
  const aSet = (status: object, rollingUpdate: object = {}, type = 'RollingUpdate') => ({
    kind: 'StatefulSet',
    metadata: { name: 's', generation: 2 },
    spec: { replicas: 3, updateStrategy: { type, rollingUpdate } },
    status: { observedGeneration: 2, readyReplicas: 3, currentReplicas: 3, ...status },
  });

  test.each([
    [{ observedGeneration: 1 }, {}, false, 'Waiting for statefulset spec update to be observed...'],
    [{ readyReplicas: 1 }, {}, false, 'Waiting for 2 pods to be ready...'],
    [
      { updatedReplicas: 0 },
      { partition: 2 },
      false,
      'Waiting for partitioned roll out to finish: 0 out of 1 new pods have been updated...',
    ],
    [
      { updatedReplicas: 1 },
      { partition: 2 },
      true,
      'partitioned roll out complete: 1 new pods have been updated...',
    ],
    [
      { currentRevision: 's-1', updateRevision: 's-2', updatedReplicas: 1 },
      {},
      false,
      'waiting for statefulset rolling update to complete 1 pods at revision s-2...',
    ],
    [
      { currentRevision: 's-2', updateRevision: 's-2' },
      {},
      true,
      'statefulset rolling update complete 3 pods at revision s-2...',
    ],
  ])('%j %j', (status, rollingUpdate, done, message) =>
    expect(rolloutStatus(aSet(status, rollingUpdate))).toEqual({ done, message }),
  );

  test('that nobody rolls has no status', () =>
    expect(() => rolloutStatus(aSet({}, {}, 'OnDelete'))).toThrow(/only available for RollingUpdate/));
});
