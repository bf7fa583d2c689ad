import { expect, it } from 'vitest';
import { aContainer, aDocument } from '../sync/pod-builders.ts';
import { diskVolumesOf, exceededLimit, hasDiskLimit } from './limits-of-pod.ts';

const limited = (name: string, storage?: string) =>
  aContainer({ name, resources: storage ? { limits: { 'ephemeral-storage': storage } } : {} });
const volumes = [
  { name: 'small', emptyDir: { sizeLimit: '1Ki' } },
  { name: 'free', emptyDir: {} },
  { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Ki' } },
  { name: 'host', hostPath: { path: '/' } },
];
const used = (volumes: Record<string, number>, containers: Record<string, number> = {}) => ({
  volumes: new Map(Object.entries(volumes)),
  containers: new Map(Object.entries(containers)),
});

it('measures emptyDirs on the disk, of pods with a limit', () => {
  expect(diskVolumesOf(aDocument({ spec: { volumes } }))).toEqual(['small', 'free']);
  expect(hasDiskLimit(aDocument({ spec: { volumes } }))).toBe(true);
  expect(hasDiskLimit(aDocument({ spec: { volumes: volumes.slice(1) } }))).toBe(false);
  expect(hasDiskLimit(aDocument({ spec: { containers: [limited('a', '1Mi')] } }))).toBe(true);
});

it.each([
  ['within its limits', [limited('a', '4Ki')], { small: 1024, free: 2048 }, undefined],
  ['a volume', [limited('a')], { small: 1025 }, 'Usage of EmptyDir volume "small" exceeds the limit "1Ki". '],
  [
    'the pod',
    [limited('a', '1Ki'), limited('b', '1Ki')],
    { free: 2049 },
    'Pod ephemeral local storage usage exceeds the total limit of containers 2Ki. ',
  ],
  [
    'a pod of which one container has no limit',
    [limited('a', '1Ki'), limited('b')],
    { free: 9999 },
    'Pod ephemeral local storage usage exceeds the total limit of containers 1Ki. ',
  ],
])('%s', (_, containers, bytes, want) => {
  expect(exceededLimit(aDocument({ spec: { containers, volumes } }), used(bytes))).toBe(want);
});

it('counts what containers write into their layers, together and one by one', () => {
  const containers = [limited('a', '1Ki'), limited('b', '3Ki')];
  const document = aDocument({ spec: { containers } });
  expect(exceededLimit(document, used({}, { a: 1024, b: 3072 }))).toBeUndefined();
  expect(exceededLimit(document, used({}, { a: 1025, b: 0 }))).toBe(
    'Container a exceeded its local ephemeral storage limit "1Ki". ',
  );
  expect(exceededLimit(document, used({ free: 1024 }, { a: 1024, b: 2049 }))).toContain('total limit');
});
