/** A virtual device can be unplugged in each way that a real one can, and comes back. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openApi } from '../../deploy/up/api.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { askUp } from '../support/control-client.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';

const WITHIN = { timeout: 60_000, interval: 50 };

let cluster: TestCluster | undefined;
const theCluster = () => cluster ?? expect.unreachable('the cluster never came up');
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
});
afterAll(async () => {
  await cluster?.stop();
});
showLogsOnFailure(() => cluster);

async function isReady(node: string): Promise<boolean | undefined> {
  const api = openApi(theCluster().kubeconfig);
  try {
    return (await api?.nodes())?.get(node);
  } finally {
    api?.close();
  }
}

async function states(): Promise<string[]> {
  const devices = await askUp(theCluster().layout.controlSocket, 'list');
  return devices.map(({ node, state }) => `${node} ${state}`);
}

it('a cut cable makes its node NotReady and no other, and a joined one Ready again', async () => {
  const device = theCluster().device(2);
  await device.cut();
  expect(await states()).toEqual(['pi-1 up', 'pi-2 cut']);
  await expect.poll(() => isReady('pi-2'), WITHIN).toBe(false);
  expect(await isReady('pi-1')).toBe(true);
  await device.join();
  await expect.poll(() => isReady('pi-2'), WITHIN).toBe(true);
  expect(await states()).toEqual(['pi-1 up', 'pi-2 up']);
});

it('a killed agent stays down until it is started', async () => {
  const device = theCluster().device('pi-1');
  await device.kill();
  expect(await states()).toEqual(['pi-1 down', 'pi-2 up']);
  await expect.poll(() => isReady('pi-1'), WITHIN).toBe(false);
  await device.start();
  await expect.poll(() => isReady('pi-1'), WITHIN).toBe(true);
});
