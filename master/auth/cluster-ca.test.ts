import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { openClusterCa } from './cluster-ca.ts';
import { ensureAdminKubeconfig } from './kubeconfig.ts';

let directory = '';
const clock = new FakeClock(Date.UTC(2026, 5, 1));
const DAY_MS = 86_400_000;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pikelet-ca-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

test('the authority is made once, readable by its owner alone', async () => {
  const first = await openClusterCa({ directory, clock });
  const second = await openClusterCa({ directory, clock });
  expect(second.caPem).toBe(first.caPem);
  expect((await stat(join(directory, 'ca.key'))).mode & 0o777).toBe(0o600);
  const certificate = new X509Certificate(first.caPem);
  expect(certificate.ca).toBe(true);
  expect(Date.parse(certificate.validFrom)).toBe(Date.UTC(2020, 0, 1));
});

test('an authority without its key is refused, not replaced', async () => {
  const other = await mkdtemp(join(tmpdir(), 'pikelet-ca-'));
  const { caPem } = await openClusterCa({ directory: other, clock });
  await rm(join(other, 'ca.key'));
  await expect(openClusterCa({ directory: other, clock })).rejects.toThrow(/ca\.key is missing/);
  expect(await readFile(join(other, 'ca.crt'), 'utf8')).toBe(caPem);
  await rm(other, { recursive: true });
});

test('the server certificate is kept until its hosts change or its end is near', async () => {
  const ca = await openClusterCa({ directory, clock });
  const hosts = ['localhost', '127.0.0.1', '::1'];
  const first = await ca.serverCertificate(hosts);
  expect(await ca.serverCertificate(hosts)).toEqual(first);
  const moved = await ca.serverCertificate([...hosts, 'master.local', '10.0.0.7']);
  expect(moved.certPem).not.toBe(first.certPem);
  expect(new X509Certificate(moved.certPem).checkIP('10.0.0.7')).toBe('10.0.0.7');
  const late = new FakeClock(Date.parse(new X509Certificate(moved.certPem).validTo) - 5 * DAY_MS);
  const renewed = await (await openClusterCa({ directory, clock: late })).serverCertificate(hosts);
  expect(renewed.certPem).not.toBe(moved.certPem);
});

test('TLS in both directions: the server proves its name, the client its user and groups', async () => {
  const ca = await openClusterCa({ directory, clock });
  const server = await ca.serverCertificate(['localhost', '127.0.0.1']);
  const client = await ca.issueClient({ user: 'admin', groups: ['system:masters', 'ops'] });
  const subject = await new Promise<unknown>((resolve, reject) => {
    const listener = createServer({
      key: server.keyPem,
      cert: server.certPem,
      ca: ca.caPem,
      requestCert: true,
      rejectUnauthorized: true,
    });
    listener.on('secureConnection', socket => {
      resolve(socket.getPeerCertificate().subject);
      socket.end();
      listener.close();
    });
    listener.on('tlsClientError', reject);
    listener.listen(0, '127.0.0.1', () => {
      const address = listener.address();
      const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
      const socket = connect({
        port,
        host: '127.0.0.1',
        ca: ca.caPem,
        key: client.keyPem,
        cert: client.certPem,
      });
      socket.on('error', reject);
      socket.resume();
    });
  });
  expect(subject).toMatchObject({ CN: 'admin', O: ['system:masters', 'ops'] });
});

test('the kubeconfig keeps its client across restarts and follows the server', async () => {
  const ca = await openClusterCa({ directory, clock });
  const path = join(directory, 'admin.kubeconfig');
  const ensure = (server: string) => ensureAdminKubeconfig({ path, server, ca, nowMs: clock.nowMs() });
  await ensure('https://127.0.0.1:6443');
  const first = await readFile(path, 'utf8');
  const written = (await stat(path)).mtimeMs;
  await ensure('https://127.0.0.1:6443');
  expect((await stat(path)).mtimeMs).toBe(written);
  await ensure('https://127.0.0.1:7443');
  expect(await readFile(path, 'utf8')).toBe(first.replace('6443', '7443'));
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});
