import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import * as x509 from '@peculiar/x509';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { StatusError, UnreachableError } from '../errors.ts';
import { type ApiClient, createApiClient } from './api-client.ts';

let ca = '';
let server: Server;
let url = '';
let client: ApiClient;
let answer: (request: IncomingMessage, response: ServerResponse) => void;

async function selfSigned() {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=localhost',
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2100-01-01'),
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
    },
    webcrypto,
  );
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

beforeAll(async () => {
  const identity = await selfSigned();
  ca = identity.cert;
  server = createServer(identity, (request, response) => answer(request, response));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  url = `https://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  client = await createApiClient({
    server: url,
    tls: { ca },
    token: 't0ken',
    answerTimeoutMs: 5000,
    clock: systemClock,
  });
});

afterAll(() => {
  client.close();
  server.closeAllConnections();
  server.close();
});

describe('the API client', () => {
  test('sends credentials, query and body, and reads JSON', async () => {
    const seen: unknown[] = [];
    answer = (request, response) => {
      let body = '';
      request.on('data', chunk => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push(
          request.method,
          request.url,
          request.headers.authorization,
          request.headers['content-type'],
          body,
        );
        response.end('{"kind":"Pod"}');
      });
    };
    const request = {
      method: 'PATCH',
      path: '/p',
      query: { a: 'x y', b: undefined, c: 1 },
      body: { z: 1 },
      contentType: 'application/merge-patch+json',
    } as const;
    expect(await client.send(request)).toEqual({ kind: 'Pod' });
    expect(seen).toEqual([
      'PATCH',
      '/p?a=x+y&c=1',
      'Bearer t0ken',
      'application/merge-patch+json',
      '{"z":1}',
    ]);
  });

  test('a refusal is a StatusError in the words of the server', async () => {
    answer = (_, response) => {
      response
        .writeHead(404)
        .end('{"kind":"Status","message":"pods \\"x\\" not found","reason":"NotFound","code":404}');
    };
    await expect(client.send({ path: '/x' })).rejects.toThrow(StatusError);
    await expect(client.send({ path: '/x' })).rejects.toMatchObject({
      code: 404,
      message: 'pods "x" not found',
    });
  });

  test('a refusal that is no Status keeps its code', async () => {
    answer = (_, response) => response.writeHead(502).end('bad gateway');
    await expect(client.send({ path: '/x' })).rejects.toMatchObject({ code: 502, message: 'bad gateway' });
  });

  test('a watch gives each line as an event, wherever the chunks break', async () => {
    answer = (request, response) => {
      expect(request.url).toBe('/pods?resourceVersion=5&watch=true');
      response.write('{"type":"ADDED","object":{"n":1}}\n{"type":"MODI');
      setImmediate(() => response.end('FIED","object":{"n":2}}\n'));
    };
    const events = [];
    for await (const event of client.watch({ path: '/pods', query: { resourceVersion: '5' } }))
      events.push(event);
    expect(events).toEqual([
      { type: 'ADDED', object: { n: 1 } },
      { type: 'MODIFIED', object: { n: 2 } },
    ]);
  });

  test('an ERROR event is thrown', async () => {
    answer = (_, response) =>
      response.end(
        '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
      );
    const drain = async () => {
      for await (const _ of client.watch({ path: '/pods' }));
    };
    await expect(drain()).rejects.toMatchObject({ code: 410 });
  });

  test('an aborted request ends with the reason', async () => {
    const abort = new AbortController();
    answer = () => abort.abort(new Error('enough'));
    await expect(client.send({ path: '/slow' }, abort.signal)).rejects.toThrow('enough');
  });

  test.each([
    ['no server', () => 'http://127.0.0.1:1', 'ECONNREFUSED', ''],
    ['a foreign CA', () => url, 'DEPTH_ZERO_SELF_SIGNED_CERT', undefined],
  ])('%s is unreachable', async (_, address, code, trusted) => {
    const lost = await createApiClient({
      server: address(),
      tls: { ca: trusted },
      answerTimeoutMs: 5000,
      clock: systemClock,
    });
    await expect(lost.send({ path: '/' })).rejects.toMatchObject({ code });
    await expect(lost.send({ path: '/' })).rejects.toThrow(UnreachableError);
    lost.close();
  });

  test('a server that breaks off in the middle is unreachable', async () => {
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"half":', () => response.destroy());
    };
    await expect(client.send({ path: '/' })).rejects.toThrow(UnreachableError);
  });
});
