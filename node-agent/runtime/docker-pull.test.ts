import { expect, it } from 'vitest';
import { splitReference } from './docker-pull.ts';

it.each([
  ['app', 'app', 'latest'],
  ['app:1', 'app', '1'],
  ['r.example:5000/team/app', 'r.example:5000/team/app', 'latest'],
  ['r.example:5000/team/app:1', 'r.example:5000/team/app', '1'],
  ['r.example:5000/app:1@sha256:ab', 'r.example:5000/app:1', 'sha256:ab'],
])('splits %s', (reference, name, tag) => {
  expect(splitReference(reference)).toEqual({ name, tag });
});
