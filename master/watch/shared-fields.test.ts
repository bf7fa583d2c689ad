import { expect, it } from 'vitest';
import { sharedFields } from './shared-fields.ts';

it('gives equal sets in one copy, and leaves others apart', () => {
  const first = sharedFields({ 'f:spec': { 'f:replicas': {} } });
  expect(sharedFields({ 'f:spec': { 'f:replicas': {} } })).toBe(first);
  expect(sharedFields({ 'f:spec': {} })).toEqual({ 'f:spec': {} });
  expect(sharedFields(undefined)).toBeUndefined();
});

it('forgets, and goes on', () => {
  for (let i = 0; i < 5000; i++) expect(sharedFields({ [`f:${i}`]: {} })).toEqual({ [`f:${i}`]: {} });
});
