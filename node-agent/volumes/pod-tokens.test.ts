import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { TOKEN_AGE_MS_MAX, TOKEN_LINK_WAIT_MS, TOKEN_RETRY_MS, TOKEN_WAIT_MS } from '../limits.ts';
import { aDocument } from '../sync/pod-builders.ts';
import { PodTokens } from './pod-tokens.ts';
import { tokenRequestsOf } from './token-requests.ts';

let folder: string;
let clock: FakeClock;
let isOnline: boolean;
let tokens: PodTokens;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-tokens-'));
  clock = new FakeClock();
  isOnline = true;
  tokens = newTokens();
});
// What was answered last may still be on its way into a file.
afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 }));

const newTokens = () =>
  new PodTokens({ clock, log: pino({ level: 'silent' }), folder, isOnline: () => isOnline });

const sources = [{ serviceAccountToken: { path: 't', expirationSeconds: 1000 } }];
const document = aDocument({ spec: { volumes: [{ name: 'v', projected: { sources } }] } });
const [request = { podUid: '', audience: '', expirationSeconds: 0 }] = tokenRequestsOf(document);
const never = new AbortController().signal;

/** Whether the pod may start, without waiting. */
async function isReady(): Promise<boolean> {
  let isDone = false;
  void tokens.ready(document, never).then(() => {
    isDone = true;
  });
  await clock.advance(0);
  return isDone;
}

it('asks for a token until it has one, and again before it expires', () => {
  expect(tokens.due([document])).toEqual([request]);
  expect(tokens.accept([{ ...request, token: 'a', validSeconds: 1000 }]).changed).toEqual(new Set(['uid-1']));
  expect([tokens.due([document]), tokens.tokenOf(request)]).toEqual([[], 'a']);
});

it.each([
  { validSeconds: 1000, ageMs: 799_000, isDue: false },
  { validSeconds: 1000, ageMs: 801_000, isDue: true },
  { validSeconds: 1e9, ageMs: TOKEN_AGE_MS_MAX, isDue: true },
])('finds a token of $validSeconds s old after $ageMs ms: $isDue', async ({ validSeconds, ageMs, isDue }) => {
  tokens.accept([{ ...request, token: 'a', validSeconds }]);
  await clock.advance(ageMs);
  expect(tokens.due([document])).toHaveLength(isDue ? 1 : 0);
  expect(tokens.tokenOf(request)).toBe('a');
});

it('forgets the tokens of pods that are gone', () => {
  tokens.accept([{ ...request, token: 'a', validSeconds: 1000 }]);
  tokens.due([]);
  expect(tokens.tokenOf(request)).toBeUndefined();
});

it('tells of a refusal once, and asks again later', async () => {
  const refusal = { ...request, error: 'no' };
  expect(tokens.accept([refusal]).refused).toEqual([refusal]);
  expect(tokens.accept([refusal]).refused).toEqual([]);
  expect([tokens.due([document]), await isReady()]).toEqual([[], true]);
  await clock.advance(TOKEN_RETRY_MS);
  expect(tokens.due([document])).toEqual([request]);
});

it('lets a pod wait for its token, but not for ever', async () => {
  const waiting = tokens.ready(document, never);
  expect(await isReady()).toBe(false);
  await clock.advance(TOKEN_WAIT_MS);
  await waiting;
  tokens.accept([{ ...request, token: 'a', validSeconds: 1000 }]);
  expect(await isReady()).toBe(true);
});

it('waits for the link of a device that has just started, and for no other', async () => {
  isOnline = false;
  expect(await isReady()).toBe(false);
  await clock.advance(TOKEN_LINK_WAIT_MS);
  expect(await isReady()).toBe(true);
});

it('has its tokens after a restart', async () => {
  tokens.accept([{ ...request, token: 'a', validSeconds: 1000 }]);
  await expect
    .poll(async () => {
      const next = newTokens();
      await next.load();
      return next.tokenOf(request);
    })
    .toBe('a');
});
