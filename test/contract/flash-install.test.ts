import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeDevice, makeFakeDevice } from './flash-device.ts';
import { AGENT, has, OTHER_TOKEN, TOKEN } from './flash-workshop.ts';

const SCRIPT = 'deploy/install/install.sh';
let device: FakeDevice;
let served: string;

beforeEach(() => {
  device = makeFakeDevice({ nodeVersion: 'v20.19.2' });
  device.stub('curl', 'echo "curl $*" >>"$LOG"; cat "$PIKELET_ROOT/agent-of-the-master" >"$3"');
  device.write('agent-of-the-master', AGENT);
  device.write('install.sh', serve(readFileSync(SCRIPT, 'utf8')));
  served = join(device.root, 'install.sh');
});
afterEach(() => device.remove());

/** What the master fills in. */
function serve(script: string): string {
  return script
    .replace('@MASTER_HOST@', '10.0.0.1')
    .replace('@MQTT_PORT@', '1883')
    .replace('@API_PORT@', '6443')
    .replace('@AGENT_SHA256@', createHash('sha256').update(AGENT).digest('hex'));
}

/** The agent joins as soon as it is started. */
function joinOnRestart(): void {
  const credentials = '$PIKELET_ROOT/var/lib/pikelet/agent/credentials.json';
  device.stub(
    'systemctl',
    `echo "systemctl $*" >>"$LOG"; [ "$1" != restart ] || echo '{}' >"${credentials}"`,
  );
}

describe('install.sh as the master serves it', () => {
  test('installs, starts and waits for the join', () => {
    joinOnRestart();
    const { status, output } = device.run(served, ['--token', TOKEN, '--name', 'w7']);
    expect(output).toContain('pikelet-agent is installed');
    expect(status).toBe(0);
    expect(device.takeCalls()).toContainEqual(
      expect.stringMatching(/^curl .* https:\/\/10\.0\.0\.1:6443\/install\/agent\.cjs$/),
    );
    expect(device.read('opt/pikelet/agent.cjs')).toBe(AGENT);
    expect(JSON.parse(device.read('etc/pikelet/agent.json'))).toEqual({
      master: 'mqtt://10.0.0.1:1883',
      token: TOKEN,
      name: 'w7',
    });
    expect(device.mode('etc/pikelet/agent.json')).toBe('600');
    // The logs of a device that runs already are its owner's business.
    expect(device.has('etc/systemd/journald.conf.d/pikelet.conf')).toBe(false);
  });

  test('can run again, with and without a token', () => {
    joinOnRestart();
    device.run(served, ['--token', TOKEN]);
    device.takeCalls();
    expect(device.run(served)).toMatchObject({ status: 0 });
    expect(device.takeCalls().join('\n')).not.toContain('apt-get');
    expect(device.read('etc/pikelet/agent.json')).toBe(
      `{"master":"mqtt://10.0.0.1:1883","token":"${TOKEN}"}\n`,
    );
    expect(device.run(served, ['--token', OTHER_TOKEN])).toMatchObject({ status: 0 });
    expect(device.read('etc/pikelet/agent.json')).toContain(OTHER_TOKEN);
  });

  test('says when the agent does not join', () => {
    const { status, output } = device.run(served, ['--token', TOKEN]);
    expect(status).toBe(1);
    expect(output).toContain(
      'has not joined mqtt://10.0.0.1:1883 within 2 s: see  journalctl -u pikelet-agent',
    );
  });

  test('refuses an agent with another digest', () => {
    device.write('agent-of-the-master', 'evil');
    expect(device.run(served, ['--token', TOKEN])).toMatchObject({
      status: 1,
      output: expect.stringContaining('not the file that the master announced'),
    });
    expect(device.has('opt/pikelet/agent.cjs')).toBe(false);
  });

  test.each([
    { args: [], want: '--token is missing' },
    { args: ['--token', 'x'], want: '--token must look like' },
    { args: ['--token'], want: '--token needs a value' },
    { args: ['--token', TOKEN, '--name', 'A"b'], want: 'DNS-1123' },
    { args: ['--token', TOKEN, '--master', 'mqtt://a"b'], want: '--master mqtt://a"b' },
    { args: ['--tokn', TOKEN], want: 'unknown option --tokn' },
  ])('refuses $args', ({ args, want }) => {
    expect(device.run(served, args)).toMatchObject({ status: 1, output: expect.stringContaining(want) });
    expect(device.takeCalls()).toEqual([]);
  });

  test('switches the memory cgroup on, once, and asks for a reboot', () => {
    joinOnRestart();
    device.write('sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io pids\n');
    device.write('boot/firmware/cmdline.txt', 'root=/dev/mmcblk0p2 rootwait \n');
    const first = device.run(served, ['--token', TOKEN]);
    device.run(served);
    expect(first.output).toContain('sudo reboot');
    expect(device.read('boot/firmware/cmdline.txt')).toBe(
      'root=/dev/mmcblk0p2 rootwait cgroup_enable=memory\n',
    );
  });

  test('only warns where no cmdline.txt could switch it on', () => {
    joinOnRestart();
    device.write('sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io pids\n');
    device.write('proc/cgroups', '#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t1\t0\n');
    expect(device.run(served, ['--token', TOKEN])).toMatchObject({
      status: 0,
      output: expect.stringContaining('warning: the kernel has no memory cgroup'),
    });
  });

  test('is not to be run as it is in the repository', () => {
    expect(device.run(SCRIPT, ['--token', TOKEN])).toMatchObject({
      status: 1,
      output: expect.stringContaining('--master is missing'),
    });
  });

  test('does nothing when it was cut short on its way', () => {
    const script = readFileSync(served, 'utf8');
    device.write('install.sh', script.slice(0, script.lastIndexOf('main "$@"')));
    expect(device.run(served, ['--token', TOKEN])).toMatchObject({ status: 0, output: '' });
    expect(device.takeCalls()).toEqual([]);
  });

  test.each(['dash -n', 'busybox sh -n', 'bash -n', 'shellcheck -s sh'])('is sound by %s', checker => {
    const [program = '', ...args] = checker.split(' ');
    if (!has(program)) return console.log(`skipped: no ${program}`);
    const { status, stdout, stderr } = spawnSync(program, [...args, SCRIPT], { encoding: 'utf8' });
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });
});

test.each(['pikelet-agent', 'pikelet-master'])('%s.service is a unit that systemd understands', name => {
  if (!has('systemd-analyze')) return console.log('skipped: no systemd-analyze');
  const unit = readFileSync(`deploy/install/${name}.service`, 'utf8').replace(
    /^ExecStart=\S+/m,
    'ExecStart=/bin/true',
  );
  device.write(`${name}.service`, unit);
  const { stderr } = spawnSync(
    'systemd-analyze',
    ['verify', '--man=no', join(device.root, `${name}.service`)],
    { encoding: 'utf8' },
  );
  expect(stderr.split('\n').filter(line => line.includes(name))).toEqual([]);
});

describe('install.sh --uninstall', () => {
  test("removes the agent and this node's containers", async () => {
    joinOnRestart();
    device.run(served, ['--token', TOKEN]);
    device.stub('node', `[ "$1" = --version ] && echo v20.19.2 || exec "${process.execPath}" "$@"`);
    device.write('var/lib/pikelet/agent/credentials.json', '{"cluster":"c1","node":"w1"}');
    const asked: string[] = [];
    const engine = createServer((request, response) => {
      asked.push(`${request.method} ${decodeURIComponent(request.url ?? '')}`);
      response.end(request.method === 'GET' ? '[{"Id":"abc"}]' : '');
    });
    mkdirSync(join(device.root, 'var/run'), { recursive: true });
    engine.listen(join(device.root, 'var/run/docker.sock'));
    await once(engine, 'listening');
    const output = await runApart(served, '--uninstall');
    engine.close();
    expect(output).toContain('containers removed: 1');
    expect(asked).toEqual([
      'GET /containers/json?all=true&filters={"label":["dev.pikelet.cluster=c1","dev.pikelet.node=w1"]}',
      'DELETE /containers/abc?force=true&v=true',
    ]);
    for (const path of [
      'opt/pikelet',
      'etc/pikelet',
      'var/lib/pikelet/agent',
      'etc/systemd/system/pikelet-agent.service',
    ]) {
      expect(device.has(path)).toBe(false);
    }
    expect(device.takeCalls()).toContain('systemctl disable --now pikelet-agent.service');
  });

  test('is fine with nothing to remove', () => {
    expect(device.run(served, ['--uninstall'])).toMatchObject({ status: 0 });
  });

  /** Not in step with this process, which answers for the engine meanwhile. */
  async function runApart(...args: string[]): Promise<string> {
    const child = spawn(join(device.root, '../bin/sh'), args, {
      env: { PATH: join(device.root, '../bin'), LOG: join(device.root, '../log'), PIKELET_ROOT: device.root },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', chunk => chunks.push(chunk));
    child.stderr.on('data', chunk => chunks.push(chunk));
    await once(child, 'close');
    return Buffer.concat(chunks).toString('utf8');
  }
});
