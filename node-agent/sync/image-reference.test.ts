import { expect, it } from 'vitest';
import { isImageReference } from './image-reference.ts';

it.each([
  'app',
  'app:1',
  'library/app__x:v1.2-3',
  'localhost:5000/a/b-c:latest',
  'Registry.Example.com/team/app',
  '[::1]:5000/app',
  `app@sha256:${'a'.repeat(64)}`,
  `ghcr.io/a/b:1@sha256:${'0'.repeat(64)}`,
])('takes %s', reference => {
  expect(isImageReference(reference)).toBe(true);
});

it.each([
  '',
  '/',
  'a//b',
  '../x',
  'a/../b',
  'App',
  'a b',
  'a:',
  'a?b',
  'a@sha256:1',
  'a%2fb',
  `a${'b'.repeat(600)}`,
])('refuses %j', reference => {
  expect(isImageReference(reference)).toBe(false);
});
