import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { WantedPod } from './desired-set.ts';
import { newMemory } from './memory.ts';
import { aDocument, aRuntimeContainer } from './pod-builders.ts';
import { removableVolumes } from './removable-volumes.ts';

const NAMES = ['a', 'b', 'c'];

function aPod(uid: string, volumes: readonly string[]): WantedPod {
  const claims = Object.fromEntries(
    volumes.map(volume => [`claim-${volume}`, { volume, source: 'folder' as const, path: `/v/${volume}` }]),
  );
  return { uid, digest: 'd', document: aDocument({ uid, claims }) };
}

function memoryOf(onDisk: readonly string[]) {
  const memory = newMemory();
  for (const name of onDisk) memory.volumes.add(name);
  return memory;
}

it.each<{ name: string; given: Partial<Parameters<typeof removableVolumes>[0]>; want: string[] }>([
  { name: 'those that are there', given: { removeVolumes: ['b', 'a', 'gone'] }, want: ['a', 'b'] },
  { name: 'nothing that was not asked for', given: {}, want: [] },
  {
    name: 'none of a wanted pod',
    given: { wanted: [aPod('p', ['a'])], removeVolumes: ['a', 'b'] },
    want: ['b'],
  },
  {
    name: 'none while a pod is wanted of which nothing is known',
    given: { wanted: [{ uid: 'p' }], removeVolumes: ['a'] },
    want: [],
  },
  {
    name: 'none while a container is left of a pod that is not wanted',
    given: { containers: [aRuntimeContainer({ uid: 'left' })], removeVolumes: ['a'] },
    want: [],
  },
])('removes $name', ({ given, want }) => {
  const memory = memoryOf(NAMES);
  expect(removableVolumes({ wanted: [], containers: [], memory, ...given })).toEqual(want);
});

it('never removes what it was not told to, or what a pod may mount', () => {
  const names = fc.subarray(NAMES);
  fc.assert(
    fc.property(names, names, names, fc.boolean(), (onDisk, told, mounted, isStranger) => {
      const containers = isStranger ? [aRuntimeContainer({ uid: 'left' })] : [];
      const input = {
        wanted: [aPod('p', mounted)],
        containers,
        memory: memoryOf(onDisk),
        removeVolumes: told,
      };
      for (const name of removableVolumes(input)) {
        expect(isStranger).toBe(false);
        expect(onDisk).toContain(name);
        expect(told).toContain(name);
        expect(mounted).not.toContain(name);
      }
    }),
  );
});
