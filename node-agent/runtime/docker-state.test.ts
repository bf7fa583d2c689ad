import { expect, it } from 'vitest';
import type { ContainerAnswer } from './docker-answers.ts';
import { runtimeContainer } from './docker-state.ts';

const ZERO = '0001-01-01T00:00:00Z';
const CREATED = '2026-11-01T10:00:00.123456789Z';
const STARTED = '2026-11-01T10:00:01.5Z';
const FINISHED = '2026-11-01T10:00:09.25Z';
const labels = {
  podUid: 'u',
  podNamespace: 'default',
  podName: 'p',
  container: 'c',
  attempt: 0,
  specDigest: 'd',
};

function anAnswer(state: Partial<ContainerAnswer['State']>, ip = '172.17.0.2'): ContainerAnswer {
  return {
    Id: 'id',
    Created: CREATED,
    Image: 'sha256:1',
    State: {
      Status: 'running',
      Pid: 1,
      ExitCode: 0,
      OOMKilled: false,
      Error: '',
      StartedAt: ZERO,
      FinishedAt: ZERO,
      ...state,
    },
    Config: { Image: 'app:1', Tty: false, OpenStdin: false, Labels: {} },
    HostConfig: { NetworkMode: 'bridge' },
    NetworkSettings: { Networks: { bridge: { IPAddress: ip } } },
  };
}

it.each([
  { name: 'created', state: { Status: 'created' }, want: { kind: 'created' } },
  {
    name: 'a failed start',
    state: { Status: 'created', ExitCode: 127, Error: 'no such file' },
    want: {
      kind: 'exited',
      exitCode: 127,
      message: 'no such file',
      startedAtMs: Date.UTC(2026, 10, 1, 10, 0, 0, 123),
      finishedAtMs: Date.UTC(2026, 10, 1, 10, 0, 0, 123),
    },
  },
  {
    name: 'running',
    state: { StartedAt: STARTED },
    want: { kind: 'running', paused: false, startedAtMs: Date.UTC(2026, 10, 1, 10, 0, 1, 500) },
  },
  {
    name: 'paused',
    state: { Status: 'paused', StartedAt: STARTED },
    want: { kind: 'running', paused: true },
  },
  {
    name: 'killed for memory',
    state: { Status: 'exited', ExitCode: 137, OOMKilled: true, StartedAt: STARTED, FinishedAt: FINISHED },
    want: {
      kind: 'exited',
      exitCode: 137,
      oomKilled: true,
      finishedAtMs: Date.UTC(2026, 10, 1, 10, 0, 9, 250),
    },
  },
  {
    name: 'ended before it started, by the engine',
    state: { Status: 'exited', StartedAt: FINISHED, FinishedAt: STARTED },
    want: {
      startedAtMs: Date.UTC(2026, 10, 1, 10, 0, 9, 250),
      finishedAtMs: Date.UTC(2026, 10, 1, 10, 0, 9, 250),
    },
  },
  { name: 'dead', state: { Status: 'dead', ExitCode: 1, StartedAt: STARTED }, want: { kind: 'exited' } },
])('reads the state: $name', ({ state, want }) => {
  expect(runtimeContainer(anAnswer(state), labels).state).toMatchObject(want);
});

it('has an address only while it runs in a network of its own', () => {
  expect(runtimeContainer(anAnswer({}), labels).ip).toBe('172.17.0.2');
  expect(runtimeContainer(anAnswer({}, ''), labels).ip).toBeUndefined();
  expect(runtimeContainer(anAnswer({ Status: 'exited' }), labels).ip).toBeUndefined();
});
