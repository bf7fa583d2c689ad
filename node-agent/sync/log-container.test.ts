import type * as core from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { logContainer } from './log-container.ts';

const ended = { terminated: { exitCode: 1, containerID: 'docker://old' } };
const running = { running: { startedAt: '2026-01-01T00:00:00Z' } };

function status(state: core.ContainerState, lastState: core.ContainerState = {}): core.PodStatus {
  return {
    containerStatuses: [
      {
        name: 'web',
        image: '',
        imageID: '',
        ready: false,
        restartCount: 0,
        containerID: 'docker://new',
        state,
        lastState,
      },
    ],
  };
}

it.each([
  { name: 'running', given: status(running, ended), previous: false, want: { id: 'new' } },
  { name: 'before the running', given: status(running, ended), previous: true, want: { id: 'old' } },
  {
    name: 'ended',
    given: status({ terminated: { exitCode: 0, containerID: 'docker://x' } }),
    previous: false,
    want: { id: 'x' },
  },
  {
    name: 'in back-off',
    given: status({ waiting: { reason: 'CrashLoopBackOff' } }, ended),
    previous: false,
    want: { id: 'old' },
  },
  {
    name: 'before, in back-off',
    given: status({ waiting: { reason: 'CrashLoopBackOff' } }, ended),
    previous: true,
    want: { id: 'old' },
  },
  {
    name: 'none before',
    given: status(running),
    previous: true,
    want: { message: 'previous terminated container "web" in pod "p" not found' },
  },
  {
    name: 'not made',
    given: status({ waiting: { reason: 'ContainerCreating' } }),
    previous: false,
    want: { message: 'container "web" in pod "p" is waiting to start: ContainerCreating' },
  },
  {
    name: 'no image',
    given: status({ waiting: { reason: 'ImagePullBackOff' } }),
    previous: false,
    want: { message: 'container "web" in pod "p" is waiting to start: trying and failing to pull image' },
  },
  { name: 'no pod', given: undefined, previous: false, want: { reason: 'NotFound' } },
])('$name', ({ given, previous, want }) => {
  expect(logContainer(given, 'p', 'web', previous)).toMatchObject(want);
});
