import { expect, test } from 'vitest';
import { Credit, CreditQueue } from './credit.ts';
import { STREAM_FRAME_BYTES } from './limits.ts';

const endless = () => new AbortController().signal;
const bytes = (length: number) => ({ bytes: new Uint8Array(length) });

test('credit is spent in frames, and waited for when it is spent', async () => {
  const credit = new Credit(STREAM_FRAME_BYTES + 10);
  expect(await credit.take(1_000_000, endless())).toBe(STREAM_FRAME_BYTES);
  expect(await credit.take(4, endless())).toBe(4);
  expect(await credit.take(1_000_000, endless())).toBe(6);
  const waiting = credit.take(8, endless());
  credit.add(5);
  expect(await waiting).toBe(5);
});

test('waiting for credit ends with the signal', async () => {
  const abort = new AbortController();
  const waiting = new Credit(0).take(1, abort.signal);
  const reason = new Error('over');
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
});

test('a reader grants what it took, in steps, and a sender that goes beyond is told', async () => {
  const granted: number[] = [];
  const queue = new CreditQueue(100, count => granted.push(count));
  expect(queue.push(bytes(60))).toBe(true);
  expect(queue.push(bytes(40))).toBe(true);
  expect(queue.push(bytes(1))).toBe(false);
  const reader = queue.read();
  await reader.next();
  expect(granted).toEqual([]);
  await reader.next();
  expect(granted).toEqual([60]);
});

test('what came before the end is read, then the error', async () => {
  const queue = new CreditQueue(100, () => {});
  queue.push(bytes(3));
  queue.finish(new Error('lost'));
  queue.finish();
  expect(queue.push(bytes(3))).toBe(true);
  const reader = queue.read();
  expect((await reader.next()).value).toEqual(bytes(3));
  await expect(reader.next()).rejects.toThrow('lost');
});

test('what is not wanted any more is not read', async () => {
  const queue = new CreditQueue(100, () => {});
  queue.push(bytes(3));
  queue.discard();
  expect((await queue.read().next()).done).toBe(true);
});
