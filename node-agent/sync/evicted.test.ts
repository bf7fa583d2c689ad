import { expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { newMemory } from './memory.ts';
import { plan } from './plan.ts';
import { aDocument, aRuntimeContainer, exited } from './pod-builders.ts';
import { PodStatuses } from './pod-statuses.ts';

const document = aDocument();
const wanted = { uid: document.uid, digest: 'd', document };

function anEvicted() {
  const memory = newMemory();
  memory.folders.add(document.uid);
  memory.ended.set(document.uid, {
    reason: 'Evicted',
    message: 'The node was low on resource: memory. ',
    graceSeconds: 1,
    wallMs: 0,
  });
  return memory;
}

it.each([
  ['while it runs', [aRuntimeContainer()], ['stop']],
  ['when it has ended', [aRuntimeContainer({ state: exited(137) })], ['remove']],
  ['when nothing of it is left but files', [], ['delete-files']],
])('an evicted pod is cleared away and never started: %s', (_, containers, want) => {
  const input = { containers, graceOfLeft: new Map(), nowMs: 0 };
  const kinds = (made: ReturnType<typeof plan>) => made.steps.map(({ kind }) => kind);
  expect(kinds(plan({ ...input, wanted: [wanted], memory: anEvicted() }))).toEqual(want);
  // As the master remembers it, for an agent that has forgotten.
  const memory = newMemory([document.uid]);
  expect(kinds(plan({ ...input, wanted: [{ ...wanted, ended: true }], memory }))).toEqual(want);
});

it('is told as failed, once and for all', () => {
  const statuses = new PodStatuses();
  const memory = newMemory();
  const world = { wanted: [wanted], gone: new Set<string>(), hostIp: '10.0.0.1' };
  const update = (given: object) =>
    statuses.update(
      { ...world, memory, containers: [aRuntimeContainer()], ...given },
      new FakeClock(),
      () => {},
    );
  expect(update({})).toEqual([document.uid]);
  expect(update({ memory: anEvicted() })).toEqual([document.uid]);
  expect(statuses.current.get(document.uid)?.status).toMatchObject({
    phase: 'Failed',
    reason: 'Evicted',
    message: 'The node was low on resource: memory. ',
    containerStatuses: [{ name: 'web', ready: false, state: { terminated: { exitCode: 137 } } }],
  });
  expect(statuses.current.get(document.uid)?.status.conditions).toContainEqual(
    expect.objectContaining({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet' }),
  );
  expect(update({ memory: anEvicted(), containers: [] })).toEqual([]);
  expect(update({ wanted: [{ ...wanted, ended: true }], containers: [] })).toEqual([]);
});
