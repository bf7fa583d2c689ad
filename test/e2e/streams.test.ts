/** exec, attach, cp and port-forward into real containers, with the clients that people have. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Exec, KubeConfig, Log, PortForward, type V1Status } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { runCommand } from '../support/command.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { ROOT } from '../support/up-process.ts';
import { type ClusterApi, openClusterApi } from './support/cluster-api.ts';
import { until } from './support/until.ts';
import { aDeployment } from './support/workloads.ts';

const PORT = 8080;
/** A web server, and a process that repeats its input. */
const WEB = aDeployment({
  name: 'web',
  script: `echo it works > /tmp/index.html; httpd -p ${PORT} -h /tmp; echo ready; exec cat`,
  container: { stdin: true, ports: [{ containerPort: PORT }] },
});

let cluster: TestCluster;
let api: ClusterApi;
let folder: string;
let pod: string;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  api = openClusterApi(cluster.kubeconfig);
  folder = mkdtempSync(join(tmpdir(), 'pikelet-streams-'));
  await api.apps.createNamespacedDeployment({ namespace: 'default', body: WEB });
  const [ready] = await api.untilReady('web', 1);
  pod = ready?.metadata?.name ?? '';
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});
showLogsOnFailure(() => cluster);

/** Asks the pod's web server for its page through a forwarded port; the client is one of ours or kubectl. */
async function askThrough(program: string, args: readonly string[]): Promise<void> {
  const forward = spawn(program, args);
  try {
    let said = '';
    for (const stream of [forward.stdout, forward.stderr])
      stream.on('data', chunk => {
        said += chunk;
      });
    const port = await until(() => {
      const match = /127\.0\.0\.1:(\d+) ->/.exec(said);
      if (match === null) throw new Error(`nothing is forwarded yet: ${said}`);
      return match[1];
    });
    for (const _ of [1, 2, 3]) {
      const answer = await fetch(`http://127.0.0.1:${port}/index.html`, { headers: { connection: 'close' } });
      expect(await answer.text()).toBe('it works\n');
    }
  } finally {
    forward.kill('SIGINT');
    await once(forward, 'close');
  }
}

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('executes: output, exit code, input', async () => {
    expect(await cluster.kubectl(['exec', pod, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\ncommand terminated with exit code 7\n',
    });
    const input = 'line\n'.repeat(200_000);
    expect(await cluster.kubectl(['exec', '-i', 'deploy/web', '--', 'cat'], input)).toMatchObject({
      code: 0,
      stdout: input,
    });
    expect(await cluster.kubectl(['exec', pod, '--', 'no-such-program'])).toMatchObject({
      code: expect.toBeOneOf([126, 127]),
      // Docker's own words, in the output as cri-dockerd has them.
      stdout: expect.stringMatching(/no-such-program/),
    });
  });

  it('copies both ways', async () => {
    const [here, back] = [join(folder, 'here'), join(folder, 'back')];
    writeFileSync(here, 'some line\n'.repeat(300_000));
    expect(await cluster.kubectl(['cp', here, `${pod}:/tmp/there`])).toMatchObject({ code: 0 });
    expect(await cluster.kubectl(['cp', `${pod}:/tmp/there`, back])).toMatchObject({ code: 0 });
    expect(readFileSync(back).equals(readFileSync(here))).toBe(true);
  });

  it('forwards a port', async () => {
    const args = ['--kubeconfig', cluster.kubeconfig, 'port-forward', `pod/${pod}`, `:${PORT}`];
    await askThrough(kubectlPath ?? '', args);
  });

  it('reaches a pod through the proxy', async () => {
    const path = `/api/v1/namespaces/default/pods/${pod}/proxy/index.html`;
    expect(await cluster.kubectl(['get', '--raw', path])).toMatchObject({ code: 0, stdout: 'it works\n' });
  });

  it('runs a pod and talks to it', async () => {
    const args = ['run', 'echo', '--rm', '-i', '--restart=Never', '--image=busybox:1.36', '-q', '--'];
    const { code, stdout } = await cluster.kubectl([...args, 'sh', '-c', 'read a; echo "heard $a"'], 'hi\n');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/heard hi\n/)]);
  });
});

describe('pikelet', () => {
  it('executes: output, exit code, input', async () => {
    expect(
      await cluster.pikelet(['exec', 'deploy/web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7']),
    ).toEqual({
      code: 7,
      stdout: 'out\n',
      stderr: 'err\nerror: command terminated with exit code 7\n',
    });
    const input = 'line\n'.repeat(200_000);
    expect(await cluster.pikelet(['exec', '-i', pod, '--', 'cat'], { input })).toMatchObject({
      code: 0,
      stdout: input,
    });
    expect(await cluster.pikelet(['exec', 'nope', '--', 'ls'])).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): pods "nope" not found\n',
    });
  });

  it('gives a command a terminal', async () => {
    // The size arrives a moment after the start, as everywhere.
    const program = `stty cols 80 rows 24; node ${join(ROOT, 'dist/pikelet.cjs')} --data-dir ${cluster.layout.dataDir}`;
    const shell = `${program} exec -it ${pod} -- sh -c 'tty; until stty size 2>/dev/null | grep "24 80"; do :; done; exit 5'`;
    const { code, stdout } = await runCommand(['script', '-qec', shell, '/dev/null']);
    expect(stdout).toMatch(/\/dev\/pts\/\d+\r+\n24 80\r+\n/);
    expect(code).toBe(5);
  });

  it('copies folders both ways', async () => {
    const [here, back] = [join(folder, 'tree'), join(folder, 'tree-back')];
    mkdirSync(join(here, 'sub/empty'), { recursive: true });
    writeFileSync(join(here, 'sub/big'), 'some line\n'.repeat(300_000));
    writeFileSync(join(here, 'nothing'), '');
    const done = { code: 0, stdout: '', stderr: '' };
    expect(await cluster.pikelet(['cp', here, `${pod}:/tmp/tree`])).toEqual(done);
    expect(await cluster.pikelet(['cp', `default/${pod}:/tmp/tree`, back])).toEqual(done);
    expect(readdirSync(back, { recursive: true }).sort()).toEqual(['nothing', 'sub', 'sub/big', 'sub/empty']);
    expect(readFileSync(join(back, 'sub/big')).equals(readFileSync(join(here, 'sub/big')))).toBe(true);
    expect(await cluster.pikelet(['cp', `${pod}:/tmp/nope`, back])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nope.*\n.*exit code 1\n/s),
    });
  });

  it('forwards a port', async () => {
    const args = ['--data-dir', cluster.layout.dataDir, 'port-forward', 'deploy/web', `:${PORT}`];
    await askThrough(process.execPath, [join(ROOT, 'dist/pikelet.cjs'), ...args]);
  });
});

describe('client-node', () => {
  const config = () => {
    const loaded = new KubeConfig();
    loaded.loadFromFile(cluster.kubeconfig);
    return loaded;
  };

  it('executes', async () => {
    const [out, err] = [new PassThrough(), new PassThrough()];
    const said = text(out);
    const status = await new Promise<V1Status>((resolve, reject) => {
      const command = ['sh', '-c', 'echo hello; exit 3'];
      new Exec(config()).exec('default', pod, 'main', command, out, err, null, false, resolve).catch(reject);
    });
    expect(await said).toBe('hello\n');
    expect(status.details?.causes).toEqual([{ reason: 'ExitCode', message: '3' }]);
  });

  it('forwards a port', async () => {
    const [out, input] = [new PassThrough(), new PassThrough()];
    const answer = text(out);
    const socket = await new PortForward(config()).portForward('default', pod, [PORT], out, null, input);
    if (typeof socket === 'function') throw new Error('client-node reconnects');
    socket.addEventListener('close', () => out.end());
    input.write('GET /index.html HTTP/1.0\r\n\r\n');
    expect(await answer).toMatch(/it works\n$/);
  });

  it('reads logs, and follows them', async () => {
    const whole = new PassThrough();
    await new Log(config()).log('default', pod, 'main', whole, { tailLines: 1, timestamps: true });
    expect(await text(whole)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z ready\n$/);
    const followed = new PassThrough();
    const controller = await new Log(config()).log('default', pod, 'main', followed, { follow: true });
    const [piece] = await once(followed, 'data');
    expect(String(piece)).toMatch(/^ready\n/);
    controller.abort();
  });
});
