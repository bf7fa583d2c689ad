/** kubectl in a terminal of its own, on containers that run: exec, attach, and containers that join a pod to look into it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { runCommand } from '../support/command.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { kubectlOn } from './support/kubectl.ts';
import { until } from './support/until.ts';
import { aPod } from './support/workloads.ts';

const IMAGE = 'busybox:1.36';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { kubectl, ok } = kubectlOn(() => cluster);

/** Runs kubectl in a terminal of 33 rows and 101 columns, as util-linux's script makes it, and types; answers what is seen. */
async function inTerminal(args: string, typed: string): Promise<string> {
  const command = `stty rows 33 cols 101; exec ${kubectlPath} --kubeconfig ${cluster.kubeconfig} ${args}`;
  const { stdout } = await runCommand(['script', '-qec', command, '/dev/null'], { input: typed });
  return stdout.replaceAll('\r', '');
}

describe.skipIf(kubectlPath === undefined)('in a terminal', () => {
  beforeAll(async () => {
    const shell = { stdin: true, tty: true, command: ['sh'] };
    await ok('apply -f -', aPod({ name: 'shell', container: shell }));
    await ok('wait --for=condition=Ready pod/shell --timeout=60s');
  });

  it('exec -it runs a command in a terminal of the same size', async () => {
    const sizeOnceKnown = 'until [ -n "$(stty size 2>/dev/null)" ]; do sleep 0.1; done; stty size';
    expect(await inTerminal(`exec -it shell -- sh -c '${sizeOnceKnown}'`, '')).toContain('33 101');
    expect(await inTerminal('exec -it shell -- sh', 'echo sum=$((40+2))\nexit\n')).toContain('sum=42');
  });

  it('attach -it is at the terminal of the container itself', async () => {
    expect(await inTerminal('attach -it shell', 'echo id=$$\nexit\n')).toContain('id=1\n');
    await until(async () => expect(await ok('get pod shell')).toMatch(/shell +1\/1 +Running +1 /));
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl debug POD', () => {
  const status = async (name: string) =>
    JSON.parse(await ok('get pod looked-into -o json')).status.ephemeralContainerStatuses.find(
      (each: { name: string }) => each.name === name,
    );

  beforeAll(async () => {
    await ok('apply -f -', aPod({ name: 'looked-into' }));
    await ok('wait --for=condition=Ready pod/looked-into --timeout=60s');
  });

  it('runs a container once beside the others, in their network, and leaves them alone', async () => {
    const address = await ok('get pod looked-into -o jsonpath={.status.podIP}');
    await ok(`debug looked-into -q --image=${IMAGE} -c net --profile=general -- sh -c hostname\t-i;exit\t3`);
    await until(async () => expect((await status('net')).state.terminated).toMatchObject({ exitCode: 3 }));
    expect(await ok('logs looked-into -c net')).toBe(`${address}\n`);
    expect(await ok('get pod looked-into')).toMatch(/looked-into +1\/1 +Running +0 /);
    expect(await ok('describe pod looked-into')).toMatch(/Ephemeral Containers:\n {2}net:/);
  });

  it('--target sees the processes of another container', async () => {
    await ok(`debug looked-into -q --image=${IMAGE} -c ps --target=main --profile=general -- ps`);
    await until(async () => expect((await status('ps')).state.terminated).toMatchObject({ exitCode: 0 }));
    expect(await ok('logs looked-into -c ps')).toContain('trap');
  });

  it('-it is at its terminal, and attach comes back to one that runs', async () => {
    const debug = `debug looked-into -it --image=${IMAGE} -c tty --profile=general -- sh`;
    expect(await inTerminal(debug, 'echo sum=$((40+2))\nexit\n')).toContain('sum=42');
    await ok(
      `debug looked-into -q --image=${IMAGE} -c stays --profile=general -- sh -c while\t:;do\techo\there;sleep\t1;done`,
    );
    await until(async () => expect((await status('stays')).state.running).toBeDefined());
    expect(await ok('exec looked-into -c stays -- echo inside')).toBe('inside\n');
  });

  it('refuses what cannot be, and takes nothing back', async () => {
    const twice = await kubectl(`debug looked-into --image=${IMAGE} -c net --profile=general -- true`);
    expect(twice.stderr).toContain('existing ephemeral containers "net" may not be changed');
    const nobody = await kubectl(
      `debug looked-into --image=${IMAGE} --target=nobody --profile=general -- true`,
    );
    expect(nobody.stderr).toContain('spec.ephemeralContainers[4].targetContainerName: Not found: "nobody"');
    const before = JSON.parse(await ok('get pod looked-into -o json'));
    const path = '/api/v1/namespaces/default/pods/looked-into/ephemeralcontainers';
    const without = { ...before, spec: { ...before.spec, ephemeralContainers: [] } };
    const replaced = await kubectl(`replace --raw ${path} -f -`, without);
    expect(replaced.stderr).toContain('may not be removed');
    await ok('delete pod looked-into --now');
    await until(async () =>
      expect((await cluster.containers()).filter(({ pod }) => pod === 'looked-into')).toEqual([]),
    );
  });
});
