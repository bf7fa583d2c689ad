import { expect, test } from 'vitest';
import { aCluster } from '../../test/support/converge.ts';
import { nodeCredentialSecret } from '../auth/node-credential.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { joinName } from './join.ts';
import { JOIN_HOLD_MS } from './limits.ts';

const NOW_MS = Date.UTC(2026, 0, 1);

/** A cluster with node pi-1, whose credential device `mine` got `ageMs` ago. */
function viewWith(options: { ageMs: number; ready?: string }): ClusterView {
  const cluster = aCluster();
  const status = options.ready && { conditions: [{ type: 'Ready', status: options.ready }] };
  const node = cluster.create('Node', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'pi-1' },
    ...(status && { status }),
  });
  const credential = { deviceId: 'mine', issuedAtMs: NOW_MS - options.ageMs };
  cluster.create('Secret', nodeCredentialSecret(node, 'x', credential));
  return cluster.view;
}

const rows = [
  { name: 'a free name', given: { name: 'pi-2' }, want: 'pi-2' },
  { name: 'a connected node', given: { isConnected: true }, want: 'NameTaken' },
  { name: 'the same device again', given: {}, want: 'pi-1' },
  { name: 'another device, much later', given: { deviceId: 'other', ageMs: JOIN_HOLD_MS }, want: 'pi-1' },
  {
    name: 'another device, a moment later',
    given: { deviceId: 'other', ageMs: JOIN_HOLD_MS - 1 },
    want: 'NameTaken',
  },
  { name: 'another device, node Ready', given: { deviceId: 'other', ready: 'True' }, want: 'NameTaken' },
  { name: 'another device, node lost', given: { deviceId: 'other', ready: 'Unknown' }, want: 'pi-1' },
  { name: 'a name that is none', given: { name: 'Pi 1' }, want: 'InvalidName' },
  { name: 'a name with a topic in it', given: { name: 'a/b' }, want: 'InvalidName' },
  { name: 'a name that is too long', given: { name: 'a'.repeat(64) }, want: 'InvalidName' },
];
test.each(rows)('$name: $want', ({ given, want }) => {
  const { name = 'pi-1', deviceId = 'mine', isConnected = false, ageMs = JOIN_HOLD_MS, ready } = given;
  const named = joinName({
    request: { name, deviceId, capability: 1 },
    view: viewWith({ ageMs, ready }),
    isConnected: () => isConnected,
    nowMs: NOW_MS,
    suffix: () => 'abcde',
  });
  expect(named.ok ? named.name : named.reason).toBe(want);
});

test('a made name is one that is free', () => {
  const cluster = aCluster();
  cluster.create('Node', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-aaaaa' } });
  const suffixes = ['aaaaa', 'bbbbb'];
  const named = joinName({
    request: { deviceId: 'd', capability: 1 },
    view: cluster.view,
    isConnected: () => false,
    nowMs: NOW_MS,
    suffix: () => suffixes.shift() ?? '',
  });
  expect(named).toEqual({ ok: true, name: 'node-bbbbb' });
});
