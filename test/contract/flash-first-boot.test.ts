import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, YAML11_SCHEMA } from 'js-yaml';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { wifiKeyHex } from '../../deploy/flash/firstrun.ts';
import { type FakeDevice, makeFakeDevice } from './flash-device.ts';
import { makeImage, SHAPES } from './flash-images.ts';
import { AGENT, makeWorkshop, OTHER_TOKEN, TOKEN, type Workshop } from './flash-workshop.ts';

const BOOT_FILES = [
  'cmdline.txt',
  'user-data',
  'firstrun.sh',
  'pikelet/agent.cjs',
  'pikelet/agent.json',
  'pikelet/install.sh',
  'pikelet/node.tar.gz',
];
const STAGED = 'var/lib/pikelet/install';
const userDataSchema = v.object({ hostname: v.string(), runcmd: v.array(v.array(v.string())) });

let shop: Workshop;
let device: FakeDevice;
beforeEach(() => {
  shop = makeWorkshop();
  device = makeFakeDevice({ nodeVersion: 'v20.19.2' });
});
afterEach(() => {
  shop.remove();
  device.remove();
});

/** What cloud-init does with runcmd; the interpreter is the stubbed one. */
function runUserData() {
  const { runcmd } = v.parse(
    userDataSchema,
    load(device.read('boot/firmware/user-data'), { schema: YAML11_SCHEMA }),
  );
  const [, script = '', ...args] = runcmd[0] ?? [];
  return device.run(
    join(device.root, script),
    args.map(arg => (arg.startsWith('/') ? join(device.root, arg) : arg)),
  );
}

/** What pikelet-install.service does. */
function runInstallService() {
  const unit = device.read('etc/systemd/system/pikelet-install.service');
  const words = /^ExecStart=\/bin\/sh (.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  const [script = '', ...args] = words.map(word => (word.startsWith('/') ? join(device.root, word) : word));
  return device.run(script, args);
}

describe('with cloud-init', () => {
  beforeEach(async () => {
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    await shop.run({});
    await device.mountBoot(shop.image, BOOT_FILES);
  });

  test('the payload leaves the boot partition without any network', () => {
    expect(runUserData()).toMatchObject({ status: 0 });
    expect(device.takeCalls()).toEqual([
      'systemctl daemon-reload',
      'systemctl enable pikelet-install.service',
      'systemctl start --no-block pikelet-install.service',
    ]);
    expect(JSON.parse(device.read('etc/pikelet/agent.json'))).toEqual({
      master: 'mqtt://10.0.0.1:1883',
      token: TOKEN,
      name: 'w1',
    });
    expect(device.mode('etc/pikelet/agent.json')).toBe('600');
    expect(device.mode(STAGED)).toBe('700');
    expect(device.has('boot/firmware/pikelet/agent.json')).toBe(false);
    expect(execFileSync('grep', ['-rlF', TOKEN, device.root], { encoding: 'utf8' }).trim()).toBe(
      join(device.root, 'etc/pikelet/agent.json'),
    );
    expect(device.read('etc/systemd/journald.conf.d/pikelet.conf')).toContain('Storage=volatile');
  });

  test('the installation then brings Docker, Node.js, the agent and its unit, and ends itself', () => {
    runUserData();
    device.takeCalls();
    expect(runInstallService()).toMatchObject({ status: 0 });
    const calls = device.takeCalls();
    expect(calls).toContainEqual(
      expect.stringMatching(/^apt-get .*install docker\.io ca-certificates nodejs$/),
    );
    expect(calls.slice(-3)).toEqual([
      'systemctl enable pikelet-agent.service',
      'systemctl restart pikelet-agent.service',
      'systemctl disable pikelet-install.service',
    ]);
    expect(device.read('opt/pikelet/agent.cjs')).toBe(AGENT);
    expect(device.read('etc/docker/daemon.json')).toContain('"log-driver":"local"');
    const unit = device.read('etc/systemd/system/pikelet-agent.service');
    expect(unit).toMatch(
      /^ExecStart=\/\S*\/node --max-semi-space-size=1 .*agent\.cjs --config \/etc\/pikelet\/agent\.json /m,
    );
    expect(unit).toMatch(/^Restart=always$/m);
    expect(device.has(STAGED)).toBe(false);
    expect(device.has('etc/systemd/system/pikelet-install.service')).toBe(false);
  });

  test('a second first boot changes nothing', () => {
    runUserData();
    runInstallService();
    device.takeCalls();
    const before = device.read('etc/pikelet/agent.json');
    expect(runUserData()).toMatchObject({
      status: 0,
      output: expect.stringContaining('has had its first boot'),
    });
    expect(device.takeCalls()).toEqual([]);
    expect(device.read('etc/pikelet/agent.json')).toBe(before);
  });

  test('a card that is prepared again, with another token, makes its device join anew', async () => {
    runUserData();
    runInstallService();
    device.write('var/lib/pikelet/agent/credentials.json', '{}');
    await shop.run({ token: OTHER_TOKEN });
    await device.mountBoot(shop.image, BOOT_FILES);
    expect(runUserData()).toMatchObject({ status: 0 });
    expect(runInstallService()).toMatchObject({ status: 0 });
    expect(device.read('etc/pikelet/agent.json')).toContain(OTHER_TOKEN);
    expect(device.has('var/lib/pikelet/agent/credentials.json')).toBe(false);
  });

  test('a power cut between the copy and the end of the first boot is made good', () => {
    runUserData();
    device.write('etc/systemd/system/pikelet-install.service', '');
    expect(runUserData()).toMatchObject({ status: 0 });
    expect(runInstallService()).toMatchObject({ status: 0 });
    expect(device.read('opt/pikelet/agent.cjs')).toBe(AGENT);
  });

  test('an installation without network fails, keeps its files, and succeeds later', () => {
    runUserData();
    device.stub('apt-get', 'exit 100');
    expect(runInstallService()).toMatchObject({
      status: 1,
      output: expect.stringContaining('is the device online?'),
    });
    expect(device.has(`${STAGED}/agent.cjs`)).toBe(true);
    device.stub('dockerd', ':');
    device.stub('node', 'echo v22.1.0');
    expect(runInstallService()).toMatchObject({ status: 0 });
    expect(device.has(STAGED)).toBe(false);
  });

  test('an engine that is there already is left as it is', () => {
    device.stub('dockerd', ':');
    runUserData();
    expect(runInstallService()).toMatchObject({ status: 0 });
    expect(device.takeCalls().join('\n')).not.toContain('docker.io');
    expect(device.has('etc/docker/daemon.json')).toBe(false);
  });
});

describe('with systemd.run', () => {
  const WIFI = { ssid: `"it's" ünï`, password: `a'b"c\\d $e#` };
  const KEY = 'ssh-ed25519 AAAA me@home';

  beforeEach(async () => {
    await makeImage(shop.image, SHAPES['raspios-bookworm']);
    const keyFile = join(shop.folder, 'key.pub');
    writeFileSync(keyFile, `${KEY}\n`);
    await shop.run({ wifi: WIFI.ssid, wifiPassword: WIFI.password, wifiCountry: 'DE', sshKey: keyFile });
    await device.mountBoot(shop.image, BOOT_FILES);
    device.write('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000::/home/pi:/bin/bash\n');
    device.write('home/pi/.profile', '');
  });
  const firstRun = () => device.run(join(device.root, 'boot/firmware/firstrun.sh'));

  test('the script names the device, starts nothing, and takes itself out of the boot', () => {
    device.write('etc/NetworkManager/NetworkManager.conf', '');
    device.write('var/lib/systemd/rfkill/platform-3f300000.mmcnr:wlan', '1\n');
    expect(firstRun()).toMatchObject({ status: 0 });
    expect(device.read('boot/firmware/cmdline.txt')).toBe(
      `${SHAPES['raspios-bookworm'].files['cmdline.txt'].trim()} cgroup_enable=memory cfg80211.ieee80211_regdom=DE\n`,
    );
    expect(device.read('etc/hostname')).toBe('w1\n');
    expect(device.read('etc/hosts')).toBe('127.0.0.1\tlocalhost\n127.0.1.1\tw1\n');
    expect(device.takeCalls()).toEqual([
      'systemctl enable ssh',
      'systemctl daemon-reload',
      'systemctl enable pikelet-install.service',
    ]);
    expect(device.has('boot/firmware/firstrun.sh')).toBe(false);
    expect(device.has('boot/firmware/pikelet/agent.json')).toBe(false);
    expect(device.read('home/pi/.ssh/authorized_keys')).toBe(`${KEY}\n`);
    expect(device.mode('home/pi/.ssh/authorized_keys')).toBe('600');
    expect(device.read('var/lib/systemd/rfkill/platform-3f300000.mmcnr:wlan')).toBe('0\n');
  });

  test('Wi-Fi reaches NetworkManager as bytes and key, readable by root alone', () => {
    device.write('etc/NetworkManager/NetworkManager.conf', '');
    firstRun();
    const path = 'etc/NetworkManager/system-connections/pikelet-wifi.nmconnection';
    expect(device.mode(path)).toBe('600');
    const bytes = /^ssid=(.*);$/m.exec(device.read(path))?.[1]?.split(';').map(Number) ?? [];
    expect(Buffer.from(bytes).toString('utf8')).toBe(WIFI.ssid);
    expect(device.read(path)).toContain(`psk=${wifiKeyHex(WIFI.ssid, WIFI.password)}\n`);
  });

  test('Wi-Fi reaches ifupdown where that is what the image has', () => {
    device.write('etc/network/interfaces', '');
    firstRun();
    const text = device.read('etc/network/interfaces.d/wlan0');
    expect(text).toContain(
      `    wpa-ssid ${WIFI.ssid}\n    wpa-psk ${wifiKeyHex(WIFI.ssid, WIFI.password)}\n`,
    );
    expect(device.mode('etc/network/interfaces.d/wlan0')).toBe('600');
  });
});

test('the key of a Wi-Fi password is that of the standard', () => {
  // IEEE 802.11, annex J.4.2, test vector 1.
  expect(wifiKeyHex('IEEE', 'password')).toBe(
    'f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e',
  );
});

describe('where Node.js is too old', () => {
  beforeEach(async () => {
    device.remove();
    device = makeFakeDevice({ nodeVersion: 'v18.19.0' });
    await makeImage(shop.image, SHAPES['raspios-trixie']);
  });

  test('the installation says what to do', async () => {
    await shop.run({});
    await device.mountBoot(shop.image, BOOT_FILES);
    runUserData();
    const { status, output } = runInstallService();
    expect(status).toBe(1);
    expect(output).toMatch(/is v18\.19\.0\); Pikelet needs 20\.19 or newer[\s\S]*--node FILE/);
    expect(device.has(STAGED)).toBe(true);
  });

  test('a Node.js from the payload is used', async () => {
    const bin = join(shop.folder, 'node-v20.20.2-linux-arm64/bin');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, 'node'), '#!/bin/sh\necho v20.20.2\n');
    chmodSync(join(bin, 'node'), 0o755);
    const archive = join(shop.folder, 'node-v20.20.2-linux-arm64.tar.gz');
    execFileSync('tar', ['-czf', archive, '-C', shop.folder, 'node-v20.20.2-linux-arm64']);
    await shop.run({ node: archive });
    await device.mountBoot(shop.image, BOOT_FILES);
    runUserData();
    expect(runInstallService()).toMatchObject({ status: 0 });
    expect(device.read('etc/systemd/system/pikelet-agent.service')).toContain(
      'ExecStart=/opt/pikelet/node/bin/node ',
    );
    expect(device.takeCalls().join('\n')).not.toContain('nodejs');
  });
});

test('an offline installation fetches nothing and says what is missing', async () => {
  await makeImage(shop.image, SHAPES['raspios-trixie']);
  await shop.run({ offline: true });
  await device.mountBoot(shop.image, BOOT_FILES);
  runUserData();
  expect(runInstallService()).toMatchObject({
    status: 1,
    output: expect.stringMatching(/--offline, but these are missing: .*docker\.io/),
  });
  expect(device.takeCalls().join('\n')).not.toContain('apt-get');
});
