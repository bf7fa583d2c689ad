import { describe, expect, it } from 'vitest';
import { aDocument, aRuntimeContainer, exited } from './pod-builders.ts';
import { podsToHalt, shutdownFrom } from './shutdown.ts';

const shutdown = shutdownFrom(1000, { graceSeconds: 30, criticalSeconds: 10 });
const aPod = (uid: string, priority?: number) => ({ uid, document: aDocument({ uid, spec: { priority } }) });
const wanted = [aPod('web'), aPod('dns', 2_000_001_000)];
const due = (change: Partial<Parameters<typeof podsToHalt>[0]>) =>
  Object.fromEntries(podsToHalt({ shutdown, wanted, containers: [], nowMs: 1000, ...change }));

describe('what stops when the device shuts down', () => {
  const web = aRuntimeContainer({ uid: 'web' });

  it('is not critical first', () => {
    expect(due({ containers: [web] })).toEqual({ web: 21_000 });
  });

  it.each([
    ['the others have ended', { containers: [{ ...web, state: exited(0) }] }],
    ['only a sandbox is left of them', { containers: [aRuntimeContainer({ uid: 'web', container: 'POD' })] }],
    ['their time is over', { containers: [web], nowMs: 21_000 }],
  ])('is critical when %s', (_, change) => {
    expect(due(change)).toEqual({ web: 21_000, dns: 31_000 });
  });
});
