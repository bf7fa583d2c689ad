/** The `pikelet` command against a whole cluster; where there is a kubectl, both must say the same. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { askUp } from '../support/control-client.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { ROOT } from '../support/up-process.ts';
import { until } from './support/until.ts';

let cluster: TestCluster;
const HELLO = join(ROOT, 'deploy/samples/hello.yaml');

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const pikelet = (line: string, input?: string) => cluster.pikelet(line.split(' '), { input });

async function out(line: string, input?: string): Promise<string> {
  const result = await pikelet(line, input);
  expect(result, line).toMatchObject({ code: 0 });
  return result.stdout;
}

describe('from a file to running pods', () => {
  it('applies, and knows what it applied', async () => {
    expect(await out(`apply -f ${HELLO}`)).toBe('deployment.apps/hello created\n');
    expect(await out(`apply -f ${HELLO}`)).toBe('deployment.apps/hello unchanged\n');
    expect(await out('rollout status deploy/hello --timeout 60s')).toContain('successfully rolled out\n');
    expect(await out('scale deploy hello --replicas 4')).toBe('deployment.apps/hello scaled\n');
    expect(await out('rollout status deploy/hello --timeout 60s')).toContain('successfully rolled out\n');
    expect(await out(`apply -f ${HELLO}`)).toBe('deployment.apps/hello configured\n');
    expect(await out('get deploy hello -o jsonpath={.spec.replicas}')).toBe('3');
  });

  it.skipIf(kubectlPath === undefined)('leaves to kubectl what kubectl would have left', async () => {
    const applied = await cluster.kubectl(['apply', '-f', HELLO]);
    expect(applied.stdout).toBe('deployment.apps/hello unchanged\n');
  });

  it('shows what a container printed, and follows it until interrupted', async () => {
    await until(async () =>
      expect(await out('logs deploy/hello --tail 1')).toMatch(/hello-.* listens on port 8080/),
    );
    const program = join(ROOT, 'dist/pikelet.cjs');
    const args = ['--data-dir', cluster.layout.dataDir, 'logs', '-f', 'deploy/hello'];
    const child = spawn(process.execPath, [program, ...args]);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
  });
});

describe.skipIf(kubectlPath === undefined)('the words of kubectl', () => {
  it.each([
    'get nodes',
    'get deploy,rs -o wide',
    'get ns --show-labels',
    'get pods -o name',
    'get pods -o jsonpath={.items[*].metadata.name}',
    'get deploy hello -o yaml',
    'get deploy hello -o json',
    'get nodes -o custom-columns=NAME:.metadata.name,ARCH:.status.nodeInfo.architecture',
    'get pods nope',
    'describe deploy hello',
    'describe rs',
    'api-resources',
    'rollout history deploy/hello',
  ])('%s', async line => {
    // Ages may tick between the two: what only differs in them is the same.
    const withoutAges = (text: string) => text.replace(/\b(\d+[smhd])+\b( +)?/g, '<age>');
    const [ours, theirs] = [await pikelet(line), await cluster.kubectl(line.split(' '))];
    expect(withoutAges(ours.stdout)).toBe(withoutAges(theirs.stdout));
    expect([ours.code, ours.stderr]).toEqual([theirs.code, theirs.stderr]);
  });
});

describe('nodes', () => {
  it('drains one, and its pods run on the others', async () => {
    expect(await out('drain pi-1')).toMatch(
      /^node\/pi-1 cordoned\n(pod\/hello-\S+ evicted\n)*node\/pi-1 drained\n$/,
    );
    expect(await out('rollout status deploy/hello --timeout 60s')).toContain('successfully rolled out');
    const nodes = await out('get pods -o jsonpath={.items[*].spec.nodeName}');
    expect(nodes.split(' ')).not.toContain('pi-1');
    expect(await out('get node pi-1')).toContain('Ready,SchedulingDisabled');
    expect(await out('uncordon pi-1')).toBe('node/pi-1 uncordoned\n');
  });

  it('tells tokens apart from nothing', async () => {
    const token = (await out('token create --description bench')).trim();
    expect(token).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(await out('token list')).toContain('bench');
    expect(await out(`token delete ${token}`)).toContain('deleted');
  });
});

describe('errors', () => {
  it.each([
    ['get ndoes', 1, /doesn't have a resource type "ndoes"; did you mean "nodes"\?/],
    ['gte nodes', 2, /unknown command 'gte'\n\(Did you mean get\?\)/],
    ['get pods --token nonsense', 1, /You must be logged in to the server/],
    ['get pods -s https://127.0.0.1:1', 1, /refused.*\nStart it with: npm run up/],
    ['drill unplug pi-9', 1, /"pi-9" is no virtual device here/],
    ['apply -f nowhere.yaml', 1, /the path "nowhere.yaml" does not exist/],
  ])('%s', async (line, code, message) => {
    const result = await pikelet(line);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(message);
  });

  it('names every fault of an object that is refused', async () => {
    const result = await pikelet(
      'apply -f -',
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"A_1"},"spec":{}}',
    );
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/metadata\.name/);
    expect(result.stderr).toMatch(/spec\.containers/);
  });
});

describe('a drill', () => {
  it.each(['cut', 'kill'])(
    '%s: everything is replaced, nothing runs twice, and the device is back',
    async mode => {
      const nodes = (await out('get pods -o jsonpath={.items[*].spec.nodeName}')).split(' ');
      const report: unknown = JSON.parse(await out(`drill unplug ${nodes[0]} --mode ${mode} -o json`));
      expect(report).toMatchObject({
        node: nodes[0],
        mode,
        passed: true,
        duplicates: [],
        containersChecked: true,
        workloads: [{ name: 'default/deployment/hello' }],
        detectedMs: expect.any(Number),
        replacedMs: expect.any(Number),
      });
    },
  );

  it('restores the device when it is interrupted', async () => {
    const program = join(ROOT, 'dist/pikelet.cjs');
    const args = ['--data-dir', cluster.layout.dataDir, 'drill', 'unplug', 'pi-2'];
    const child = spawn(process.execPath, [program, ...args]);
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([130, null]);
    const devices = await askUp(cluster.layout.controlSocket, 'list');
    expect(devices).toContainEqual({ node: 'pi-2', state: 'up' });
    await out('wait node/pi-2 --for=condition=Ready --timeout 30s');
  });
});

it('deletes, and waits until it is gone', async () => {
  expect(await out('delete pods --all')).toMatch(/^(pod "hello-\S+" deleted\n)+$/);
  expect(await out(`delete -f ${HELLO}`)).toBe('deployment.apps "hello" deleted\n');
  expect((await pikelet('get deploy hello')).code).toBe(1);
});
