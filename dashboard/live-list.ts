/** One kind, kept current: list, then watch, and again from the start whenever the stream breaks. */
import type { Kept } from './objects.ts';

export type Connection = 'connecting' | 'live' | 'lost' | 'denied';

/** Wait before the next try after a broken stream, milliseconds: soon, because someone is looking. */
const RETRY_MS = 1000;

export class DeniedError extends Error {
  override readonly name = 'DeniedError';
}

type Sink<T> = {
  replace(objects: readonly T[]): void;
  put(object: T): void;
  remove(uid: string): void;
  connection(state: Connection): void;
};
type Line<T> = { readonly type: string; readonly object: T };
type List<T> = { readonly metadata: { readonly resourceVersion: string }; readonly items: readonly T[] };

export async function fetchJson<T>(path: string, token: string, signal: AbortSignal): Promise<T> {
  const response = await fetch(path, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    signal,
  });
  if (response.status === 401 || response.status === 403)
    throw new DeniedError(`${path}: ${response.status}`);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

/** Follows `path` until the signal aborts. Ends early only when the token is refused. */
export async function followList<T extends Kept>(
  path: string,
  token: string,
  sink: Sink<T>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const { metadata, items } = await fetchJson<List<T>>(path, token, signal);
      sink.replace(items);
      sink.connection('live');
      await followWatch(
        `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`,
        token,
        sink,
        signal,
      );
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof DeniedError) return sink.connection('denied');
      // Whatever broke it (the master gone, a proxy, sleep), the answer is the same: say so and try again.
      sink.connection('lost');
      await new Promise(resolve => setTimeout(resolve, RETRY_MS));
    }
  }
}

async function followWatch<T extends Kept>(
  path: string,
  token: string,
  sink: Sink<T>,
  signal: AbortSignal,
): Promise<void> {
  const response = await fetch(path, { headers: { authorization: `Bearer ${token}` }, signal });
  if (!response.ok || response.body === null) throw new Error(`${path}: ${response.status}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split('\n');
    rest = lines.pop() ?? '';
    for (const text of lines) {
      const line: Line<T> = JSON.parse(text);
      if (line.type === 'ERROR') return;
      if (line.type === 'DELETED') sink.remove(line.object.metadata.uid);
      else if (line.type !== 'BOOKMARK') sink.put(line.object);
    }
  }
}
