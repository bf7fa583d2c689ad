/** Follows a watch of a test API as a client does: one connection, one event a line. */
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { Json, TestApi } from './api.ts';

export type WatchEvent = { readonly type: string; readonly object: Json };

/** Every event up to the first after which the client has seen `enough`. Throws when the server ends the watch before. */
export async function followWatch(
  { port, ca, admin }: Pick<TestApi, 'port' | 'ca' | 'admin'>,
  target: string,
  enough: (events: readonly WatchEvent[]) => boolean,
  headers: Readonly<Record<string, string>> = {},
): Promise<readonly WatchEvent[]> {
  const { certPem: cert, keyPem: key } = admin;
  const host = '127.0.0.1';
  const sent = request({ host, port, path: target, headers, ca: ca.caPem, cert, key, agent: false });
  const events: WatchEvent[] = [];
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      sent.on('error', reject);
      sent.on('response', resolve);
      sent.end();
    });
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response) {
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        events.push(JSON.parse(line));
        if (enough(events)) return events;
      }
    }
    throw new Error(`the watch of ${target} ended after ${JSON.stringify(events)}`);
  } finally {
    sent.destroy();
  }
}
