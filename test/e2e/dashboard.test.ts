import { readFileSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';

/** Debian's; test/run.sh installs it. The flags keep it from looking for anything outside this machine. */
const BROWSER = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
];
/** Long enough for a busy machine; each wait ends as soon as the page says it. */
const WITHIN = { timeout: 30_000 };

describe('the dashboard', () => {
  let cluster: TestCluster;
  let browser: Browser;
  let page: Page;
  const faults: string[] = [];

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 });
    browser = await chromium.launch({
      executablePath: BROWSER,
      args: [...FLAGS, '--disable-component-update', '--disable-sync'],
    });
    // Chromium's own word for a container that came or went: it drops connections then, and the page makes new ones.
    const isForeign = (text: string) => text.includes('ERR_NETWORK_CHANGED');
    page = await browser.newPage({ ignoreHTTPSErrors: true });
    page.on('console', message => {
      if (message.type() === 'error' && !isForeign(message.text())) faults.push(message.text());
    });
    page.on('pageerror', error => faults.push(String(error)));
  });
  afterAll(async () => {
    await browser?.close();
    await cluster?.stop();
  });

  const node = (name: string) => page.getByRole('article', { name: `Node ${name}` });
  /** The node's own word of its state: the tables below it have a column that is called Ready too. */
  const stateOf = (name: string, state: string) =>
    page.getByRole('heading', { name: `${name} ${state}`, exact: true });

  it('asks for a token, and refuses one that is made up', async () => {
    await page.goto(`${cluster.server}/dashboard/`);
    await page.getByLabel('Token').fill('dashboard.guess');
    await page.getByRole('button', { name: 'Open' }).click();
    await page.getByText('That token is not valid').waitFor(WITHIN);
    faults.length = 0;
  });

  it('shows every node, and keeps the token out of the address', async () => {
    const token = readFileSync(cluster.layout.dashboardToken, 'utf8').trim();
    // A new page, because an address that differs behind the # alone would not load again.
    await page.goto('about:blank');
    await page.goto(`${cluster.server}/dashboard/#token=${token}`);
    for (const name of ['pi-1', 'pi-2']) await stateOf(name, 'Ready').waitFor(WITHIN);
    await page.getByText('2 of 2 nodes ready').waitFor(WITHIN);
    expect(page.url()).not.toContain('token');
  });

  it('shows usage, the last heartbeat, and the pods of each node as they come', async () => {
    await node('pi-1')
      .getByText(/^\d\.\d s ago$/)
      .waitFor(WITHIN);
    await node('pi-1').getByLabel('CPU').waitFor(WITHIN);
    const applied = await cluster.pikelet(['apply', '-f', 'deploy/samples/hello.yaml']);
    expect(applied.code).toBe(0);
    await page.getByText('3 pods running').waitFor(WITHIN);
    await node('pi-1')
      .getByText(/^hello-/)
      .first()
      .waitFor(WITHIN);
  });

  it('shows by itself that a device was unplugged, and that it is back', async () => {
    await cluster.device(2).cut();
    await stateOf('pi-2', 'NotReady').waitFor(WITHIN);
    await node('pi-2').getByText('NodeStatusUnknown').waitFor(WITHIN);
    await cluster.device(2).join();
    await stateOf('pi-2', 'Ready').waitFor(WITHIN);
  });

  it('says when the master is gone, and goes on when it is back', async () => {
    await cluster.killMaster();
    await page.getByText('the master does not answer').waitFor(WITHIN);
    await cluster.startMaster();
    await page.getByRole('status').getByText('live').waitFor(WITHIN);
    await page.getByText('2 of 2 nodes ready').waitFor(WITHIN);
  });

  it('filters, and runs without a fault', async () => {
    await page.getByLabel('Filter nodes and pods').fill('pi-2');
    await expect.poll(() => page.getByRole('article').count(), WITHIN).toBe(1);
    expect(page.url()).toContain('q=pi-2');
    // While the master was away every request failed, as it should; nothing else may have.
    expect(faults.filter(text => !text.includes('Failed to load resource'))).toEqual([]);
  });
});
