/** The progress of a pull: one JSON object a line, an error among them when it fails. */
import * as v from 'valibot';
import type { Clock } from '../../shared/clock.ts';
import { type RegistryCredentials, RuntimeError } from './container-runtime.ts';
import { PullProgress } from './docker-answers.ts';
import type { DockerConnection } from './docker-connection.ts';
import { dockerFailure } from './docker-error.ts';
import { PULL_LINE_MAX, PULL_SILENCE_MS } from './limits.ts';

/** Pulls to the end. Throws RuntimeError; `registry-unreachable` also when a pull under way is silent for PULL_SILENCE_MS. */
export async function pullImage(
  { connection, clock }: { readonly connection: DockerConnection; readonly clock: Clock },
  reference: string,
  {
    credentials,
    signal = new AbortController().signal,
  }: { readonly credentials?: RegistryCredentials; readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { name, tag } = splitReference(reference);
  const request = {
    operation: 'pull',
    method: 'POST',
    path: '/images/create',
    query: { fromImage: name, tag },
    registryAuth: credentials,
    timeoutMs: PULL_SILENCE_MS,
  } as const;
  const stream = await connection.open(request, signal);
  const onSilence = () =>
    stream.destroy(
      new RuntimeError('pull', 'registry-unreachable', `the pull of ${reference} no longer moves`),
    );
  let cancelTimer = clock.after(PULL_SILENCE_MS, onSilence);
  const onProgress = () => {
    cancelTimer();
    cancelTimer = clock.after(PULL_SILENCE_MS, onSilence);
  };
  let message: string | undefined;
  try {
    message = await readPullError(stream, onProgress);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw connection.failureOf('pull', error);
  } finally {
    cancelTimer();
  }
  if (message !== undefined)
    throw new RuntimeError('pull', dockerFailure({ operation: 'pull', message }), message);
}

/** Reads to the end; gives the error that the pull ended in, or undefined when it succeeded. Calls `onProgress` with every piece. */
export async function readPullError(
  pieces: AsyncIterable<Uint8Array>,
  onProgress: () => void,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let failure: string | undefined;
  let rest = '';
  for await (const piece of pieces) {
    onProgress();
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > PULL_LINE_MAX) rest = '';
    for (const line of lines) failure = lineError(line) ?? failure;
  }
  return lineError(rest) ?? failure;
}

/** The error that one line of progress tells of; undefined for most. */
export function lineError(line: string): string | undefined {
  if (!line.includes('"error"')) return undefined;
  try {
    const progress = v.parse(PullProgress, JSON.parse(line));
    return progress.errorDetail?.message ?? progress.error;
  } catch {
    return `the engine reported: ${line.trim()}`;
  }
}

/** A reference as the two parts that the API wants; without tag or digest it is `latest`, or Docker would pull every tag. */
export function splitReference(reference: string): { readonly name: string; readonly tag: string } {
  const digestAt = reference.indexOf('@');
  if (digestAt >= 0) return { name: reference.slice(0, digestAt), tag: reference.slice(digestAt + 1) };
  const colonAt = reference.lastIndexOf(':');
  // The colon of `host:5000/name` is a port's.
  if (colonAt <= reference.lastIndexOf('/')) return { name: reference, tag: 'latest' };
  return { name: reference.slice(0, colonAt), tag: reference.slice(colonAt + 1) };
}
