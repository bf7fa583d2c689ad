import { randomInt, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { bootstrapTokenSecret, newBootstrapToken } from '../../shared/kubernetes/bootstrap-token.ts';
import { type MemoryCluster, startMemoryCluster } from '../../test/support/memory-cluster.ts';
import { ensureDashboardToken } from './api-token.ts';
import { authenticate } from './authenticate.ts';
import { ANONYMOUS } from './identity.ts';
import { verifyJoinToken } from './join-token.ts';
import { newNodePassword, nodeCredentialSecret, verifyNodePassword } from './node-credential.ts';
import { openSigningKey } from './service-account/signing-key.ts';
import { ServiceAccountTokens } from './service-account/tokens.ts';

let cluster: MemoryCluster;
let view: MemoryCluster['cache'];
let registry: MemoryCluster['registry'];
let keys: string;
let tokens: ServiceAccountTokens;

beforeEach(async () => {
  cluster = await startMemoryCluster();
  view = cluster.cache;
  registry = cluster.registry;
  keys = await mkdtemp(join(tmpdir(), 'pikelet-keys-'));
  tokens = new ServiceAccountTokens(await openSigningKey(keys), systemClock, randomUUID);
});

afterEach(async () => {
  await cluster.stop();
  await rm(keys, { recursive: true });
});

describe('authenticate', () => {
  const rows = [
    { name: 'nothing', given: {}, want: ANONYMOUS },
    {
      name: 'a certificate',
      given: { certificateSubject: { CN: 'admin', O: 'system:masters' } },
      want: { user: 'admin', groups: ['system:masters', 'system:authenticated'] },
    },
    { name: 'two common names', given: { certificateSubject: { CN: ['a', 'b'] } }, want: ANONYMOUS },
    { name: 'an unknown token', given: { authorization: 'Bearer dashboard.abc' }, want: undefined },
    { name: 'another scheme', given: { authorization: 'Basic YTpi' }, want: ANONYMOUS },
  ] as const;
  test.each(rows)('$name', ({ given, want }) => expect(authenticate({ view, tokens }, given)).toEqual(want));

  test('the dashboard token: hashed in the store, in the clear only in its file, kept, revocable', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'pikelet-token-'));
    const path = join(directory, 'dashboard.token');
    const options = { view, registry, path };
    const token = await ensureDashboardToken(options);
    expect(await readFile(path, 'utf8')).toBe(`${token}\n`);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(JSON.stringify(view.list('Secret'))).not.toContain(token);
    expect(authenticate({ view, tokens }, { authorization: `Bearer ${token}` })).toEqual({
      user: 'dashboard',
      groups: ['pikelet:viewers', 'system:authenticated'],
    });
    expect(authenticate({ view, tokens }, { authorization: `Bearer ${token}x` })).toBeUndefined();
    const { revision } = view;
    expect(await ensureDashboardToken(options)).toBe(token);
    expect(view.revision).toBe(revision);
    await rm(path);
    const next = await ensureDashboardToken(options);
    expect(authenticate({ view, tokens }, { authorization: `Bearer ${token}` })).toBeUndefined();
    await registry.delete('Secret', { namespace: 'kube-system', name: 'api-token-dashboard' });
    expect(authenticate({ view, tokens }, { authorization: `Bearer ${next}` })).toBeUndefined();
    expect(await ensureDashboardToken(options)).toBe(next);
    await rm(directory, { recursive: true });
  });
});

describe('join tokens', () => {
  const NOW_MS = Date.UTC(2026, 0, 1);
  test('a good one, a wrong one, an expired one, one for something else', async () => {
    const [good, old] = [newBootstrapToken(randomInt), newBootstrapToken(randomInt)];
    await registry.create('Secret', bootstrapTokenSecret({ token: good, description: '' }));
    await registry.create(
      'Secret',
      bootstrapTokenSecret({ token: old, description: '', expiresAtMs: NOW_MS - 1 }),
    );
    const other = bootstrapTokenSecret({ token: 'ababab.0123456789abcdef', description: '' });
    await registry.create('Secret', {
      ...other,
      data: { ...other.data, 'usage-bootstrap-authentication': 'bm8=' },
    });
    const reasonOf = (token: string) => {
      const verdict = verifyJoinToken(view, token, NOW_MS);
      return verdict.ok ? 'ok' : verdict.reason;
    };
    expect(reasonOf(good)).toBe('ok');
    expect(reasonOf(`${good.slice(0, 7)}aaaaaaaaaaaaaaaa`)).toBe('unknown');
    expect(reasonOf('zzzzzz.0123456789abcdef')).toBe('unknown');
    expect(reasonOf('nonsense')).toBe('malformed');
    expect(reasonOf(old)).toBe('expired');
    expect(reasonOf('ababab.0123456789abcdef')).toBe('not-for-joining');
  });
});

describe('node credentials', () => {
  test('are good for their own node, while it exists', async () => {
    const bare = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'pi-1' } };
    const node = await registry.create('Node', bare);
    await registry.create('Node', { ...bare, metadata: { name: 'pi-2' } });
    const password = newNodePassword();
    await registry.create(
      'Secret',
      nodeCredentialSecret(node, password, { deviceId: 'serial', issuedAtMs: 0 }),
    );
    expect(JSON.stringify(view.list('Secret'))).not.toContain(password);
    expect(verifyNodePassword(view, 'pi-1', password)).toBe(true);
    expect(verifyNodePassword(view, 'pi-1', newNodePassword())).toBe(false);
    expect(verifyNodePassword(view, 'pi-2', password)).toBe(false);
    await registry.delete('Node', { name: 'pi-1' });
    expect(verifyNodePassword(view, 'pi-1', password)).toBe(false);
    await registry.create('Node', bare);
    expect(verifyNodePassword(view, 'pi-1', password)).toBe(false);
  });
});
