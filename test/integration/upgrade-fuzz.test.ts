/** Whatever a request asks to be upgraded to, it gets a whole answer, or its connection ends; and the next one is served. */
import { connect } from 'node:tls';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

const PODS = '/api/v1/namespaces/default/pods';
const MAPS = '/api/v1/namespaces/default/configmaps';
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  const spec = { nodeName: 'away', containers: [{ name: 'c', image: 'x' }] };
  await api.call(PODS, { method: 'POST', body: { metadata: { name: 'there' }, spec } });
});
afterAll(() => api.stop());

type Reply = { readonly code: number; readonly headers: string; readonly body: string };

/** The bytes as they are, and the first answer to them; undefined when the connection ended without one. */
function exchange(bytes: Buffer): Promise<Reply | undefined> {
  return new Promise((resolve, reject) => {
    const { certPem, keyPem } = api.admin;
    const socket = connect({
      host: '127.0.0.1',
      port: api.port,
      ca: api.ca.caPem,
      cert: certPem,
      key: keyPem,
      ALPNProtocols: ['http/1.1'],
    });
    // Hours earlier than the server's own patience, and long for any machine.
    socket.setTimeout(15_000, () => {
      socket.destroy();
      reject(
        new Error(
          `no answer to ${JSON.stringify(bytes.subarray(0, 2000).toString('latin1'))}, but ${received}`,
        ),
      );
    });
    const hasBody = !bytes.subarray(0, 5).equals(Buffer.from('HEAD '));
    let received = '';
    const settle = (reply: Reply | undefined) => {
      socket.destroy();
      resolve(reply);
    };
    socket.on('secureConnect', () => socket.write(bytes));
    socket.on('data', chunk => {
      received += chunk.toString('latin1');
      const reply = wholeReply(received, hasBody);
      if (reply !== undefined) settle(reply);
    });
    // The other side may break off what it does not want to hear to its end.
    socket.on('error', () => settle(undefined));
    socket.on('close', () => settle(wholeReply(received, false)));
  });
}

function wholeReply(text: string, hasBody: boolean): Reply | undefined {
  const end = text.indexOf('\r\n\r\n');
  const code = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
  if (end < 0 || code === undefined) return undefined;
  const [headers, body] = [text.slice(0, end), text.slice(end + 4)];
  const length = Number(/^content-length: (\d+)$/im.exec(headers)?.[1] ?? 0);
  return hasBody && body.length < length
    ? undefined
    : { code: Number(code), headers, body: body.slice(0, length) };
}

function requestOf(
  method: string,
  path: string,
  headers: readonly (readonly [string, string])[],
  body = '',
): Buffer {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    'Host: pikelet',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

async function isOrderly(bytes: Buffer): Promise<void> {
  const reply = await exchange(bytes);
  const asked = bytes.subarray(0, 2000).toString('latin1');
  if (reply === undefined) return;
  expect([101, 500], asked).not.toContain(reply.code);
  if (
    reply.code >= 400 &&
    /^content-type: application\/json/im.test(reply.headers) &&
    !asked.startsWith('HEAD')
  )
    expect(JSON.parse(reply.body), asked).toMatchObject({
      kind: 'Status',
      status: 'Failure',
      code: reply.code,
    });
}

async function expectServing(): Promise<void> {
  expect((await api.call(`${PODS}/there`)).code).toBe(200);
}

const visible = fc.stringMatching(/^[ -~]{0,30}$/);
const method = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
  'CONNECT',
  'TRACE',
  'BREW',
);
const path = fc.constantFrom(
  ...[
    '/',
    '/version',
    '/nope',
    '/dashboard/',
    '/api/v1/nodes',
    MAPS,
    `${MAPS}/none`,
    PODS,
    '*',
    '//',
    '/%zz',
  ],
  ...['exec', 'attach', 'portforward', 'proxy/', 'log', 'status'].flatMap(call => [
    `${PODS}/there/${call}`,
    `${PODS}/none/${call}`,
  ]),
  `${PODS}/there/exec?command=sh&stdin=true&stdout=true`,
  '/api/v1/namespaces/default/services/none/proxy/x',
);
const header = fc.oneof(
  fc.tuple(
    fc.constant('Connection'),
    fc.oneof(fc.constantFrom('Upgrade', 'upgrade, keep-alive', 'close', 'Upgrade, HTTP2-Settings'), visible),
  ),
  fc.tuple(
    fc.constant('Upgrade'),
    fc.oneof(
      fc.constantFrom('websocket', 'WebSocket', 'SPDY/3.1', 'h2c', 'TLS/1.0', 'websocket, h2c', ''),
      visible,
    ),
  ),
  fc.tuple(fc.constant('Sec-WebSocket-Key'), fc.oneof(fc.constantFrom(KEY, 'short', ''), visible)),
  fc.tuple(fc.constant('Sec-WebSocket-Version'), fc.constantFrom('13', '8', '-1', 'x', '')),
  fc.tuple(
    fc.constant('Sec-WebSocket-Protocol'),
    fc.oneof(
      fc.constantFrom('v5.channel.k8s.io', 'base64url.bearer.x', ',,,', 'SPDY/3.1+portforward.k8s.io'),
      visible,
    ),
  ),
  fc.tuple(
    fc.constant('Sec-WebSocket-Extensions'),
    fc.constantFrom('permessage-deflate', 'permessage-deflate; x=;;', '"'),
  ),
  fc.tuple(
    fc.constant('X-Stream-Protocol-Version'),
    fc.constantFrom('v4.channel.k8s.io', 'portforward.k8s.io', ''),
  ),
  fc.tuple(fc.constant('HTTP2-Settings'), fc.constantFrom('AAMAAABkAAQAAP__', '', '!')),
  fc.tuple(fc.constant('Expect'), fc.constantFrom('100-continue', 'nonsense')),
);

describe('requests to go on as something else', () => {
  it('with any method, path and headers', async () => {
    await fc.assert(
      fc.asyncProperty(method, path, fc.array(header, { maxLength: 7 }), async (verb, target, headers) => {
        await isOrderly(requestOf(verb, target, headers));
      }),
      { numRuns: 250 },
    );
    await expectServing();
  });

  it('with a body', async () => {
    const body = fc.constantFrom(
      '{"metadata":{"name":"sent"},"data":{}}',
      'x'.repeat(100_000),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    );
    const framed = body.chain(text =>
      fc.constantFrom(
        { text, how: ['Content-Length', `${text.length}`] as const },
        {
          text: `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
          how: ['Transfer-Encoding', 'chunked'] as const,
        },
      ),
    );
    const verb = fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE');
    await fc.assert(
      fc.asyncProperty(
        verb,
        path,
        fc.array(header, { maxLength: 4 }),
        framed,
        async (asked, target, headers, { text, how }) => {
          await isOrderly(
            requestOf(asked, target, [['Connection', 'Upgrade'], ['Upgrade', 'h2c'], how, ...headers], text),
          );
        },
      ),
      { numRuns: 80 },
    );
    await expectServing();
  });

  it.each([
    [
      'a header that is too long',
      requestOf('GET', PODS, [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'x'.repeat(100_000)],
      ]),
    ],
    [
      'too many headers',
      requestOf(
        'GET',
        PODS,
        Array.from({ length: 5000 }, (_, i) => ['Upgrade', `p${i}`] as const),
      ),
    ],
    [
      'a target that is too long',
      requestOf('GET', `/${'x'.repeat(100_000)}`, [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'websocket'],
      ]),
    ],
    [
      'HTTP/2 without TLS saying so',
      Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1'),
    ],
    [
      'lengths that contradict each other',
      requestOf(
        'POST',
        MAPS,
        [
          ['Upgrade', 'h2c'],
          ['Content-Length', '3'],
          ['Content-Length', '4'],
        ],
        '{}',
      ),
    ],
    ['bytes that are no request', Buffer.from(Array.from({ length: 3000 }, (_, i) => (i * 7919) % 256))],
    [
      'a second request behind it',
      Buffer.concat([
        requestOf('GET', `${PODS}/none/exec`, [
          ['Connection', 'Upgrade'],
          ['Upgrade', 'websocket'],
        ]),
        requestOf('GET', '/version', []),
      ]),
    ],
  ])('with %s', async (_what, bytes) => {
    await isOrderly(bytes);
    await expectServing();
  });
});
