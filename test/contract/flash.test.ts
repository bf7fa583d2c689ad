import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, YAML11_SCHEMA } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withBootPartition } from '../../deploy/flash/boot-partition.ts';
import { BOOT_OFFSET_BYTES, makeImage, readBootFile, SHAPES } from './flash-images.ts';
import { AGENT, has, makeWorkshop, OTHER_TOKEN, sha256, TOKEN, type Workshop } from './flash-workshop.ts';

let shop: Workshop;
beforeEach(() => {
  shop = makeWorkshop();
});
afterEach(() => shop.remove());
const fsck = ['/usr/sbin/fsck.vfat', '/sbin/fsck.vfat'].find(path => existsSync(path));

describe.each(Object.entries(SHAPES))('an image of %s', (_name, shape) => {
  beforeEach(() => makeImage(shop.image, shape));

  test('gets the payload, and keeps everything else', async () => {
    const outside = () => {
      const bytes = readFileSync(shop.image);
      bytes.fill(0, BOOT_OFFSET_BYTES, BOOT_OFFSET_BYTES + shape.bootMebibytes * 1024 * 1024);
      return createHash('sha256').update(bytes).digest('hex');
    };
    const before = outside();
    const printed = await shop.run({});
    expect(outside()).toBe(before);
    expect(printed).toContain('node w1');
    expect(printed).not.toContain(TOKEN);
    expect(await readBootFile(shop.image, 'pikelet/agent.cjs')).toBe(AGENT);
    expect(await readBootFile(shop.image, 'pikelet/install.sh')).toBe(
      readFileSync('deploy/install/install.sh', 'utf8'),
    );
    expect(JSON.parse((await readBootFile(shop.image, 'pikelet/agent.json')) ?? '')).toEqual({
      master: 'mqtt://10.0.0.1:1883',
      token: TOKEN,
      name: 'w1',
    });
    expect(await readBootFile(shop.image, 'cmdline.txt')).toMatch(
      /^[^\n]*root=[^\n]* cgroup_enable=memory[^\n]*\n$/,
    );
    if ('config.txt' in shape.files)
      expect(await readBootFile(shop.image, 'config.txt')).toBe(shape.files['config.txt']);
  });

  test('is only changed where it must be by a second flash with another token and name', async () => {
    await shop.run({});
    await shop.run({ name: 'w2', token: OTHER_TOKEN });
    const agent = await readBootFile(shop.image, 'pikelet/agent.json');
    expect(agent).toContain('"w2"');
    expect(agent).not.toContain(TOKEN);
    const cmdline = (await readBootFile(shop.image, 'cmdline.txt')) ?? '';
    expect(cmdline.match(/cgroup_enable=memory/g)).toHaveLength(1);
    for (const file of ['cmdline.txt', 'user-data', 'firstrun.sh', 'dietpi.txt']) {
      expect((await readBootFile(shop.image, file)) ?? '').not.toContain('w1');
    }
  });

  test.skipIf(!fsck)('passes fsck.vfat afterwards (skipped without dosfstools)', async () => {
    await shop.run({ wifi: 'home:secret12', wifiCountry: 'DE' });
    await shop.run({ name: 'w2' });
    const partition = join(shop.folder, 'boot.fat');
    const bytes = readFileSync(shop.image);
    writeFileSync(
      partition,
      bytes.subarray(BOOT_OFFSET_BYTES, BOOT_OFFSET_BYTES + shape.bootMebibytes * 1024 * 1024),
    );
    const checked = spawnSync(fsck ?? '', ['-n', '-v', partition], { encoding: 'utf8' });
    expect(`${checked.stdout}${checked.stderr}`).not.toMatch(/differ|Dirty|wrong|reclaim/i);
    expect(checked.status).toBe(0);
  });

  test.skipIf(!has('mcopy'))('reads the same with mtools (skipped without mtools)', async () => {
    await shop.run({});
    const read = (path: string) =>
      execFileSync('mcopy', ['-i', `${shop.image}@@${BOOT_OFFSET_BYTES}`, `::${path}`, '-'], {
        encoding: 'utf8',
      });
    expect(read('pikelet/agent.cjs')).toBe(AGENT);
    expect(read('cmdline.txt')).toBe(await readBootFile(shop.image, 'cmdline.txt'));
  });

  test('is left alone by a dry run, which shows the files and no secrets', async () => {
    const before = sha256(shop.image);
    const printed = await shop.run({ dryRun: true, wifi: 'home:secret12' });
    expect(sha256(shop.image)).toBe(before);
    expect(printed).toContain('--- cmdline.txt\n');
    expect(printed).toContain('q1w2e3.****************');
    expect(printed).not.toContain(TOKEN);
    expect(printed).not.toContain('secret12');
  });
});

describe('cloud-init', () => {
  test.each([
    `"double" and 'single'`,
    'ünïcödé🔑…',
    'a: b #c, {d} [e] &f *g !h |i >j %k @l `m',
    '\\n\\t backslashes \\',
    '  spaces  ',
    '01234567',
    '$(reboot) `id` %s $HOME',
  ])('gets the Wi-Fi password %s as it is', async password => {
    const ssid = [...password].slice(0, 8).join('');
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    await shop.run({ wifi: ssid, wifiPassword: password, wifiCountry: 'DE' });
    const text = (await readBootFile(shop.image, 'network-config')) ?? '';
    const point = ['wifis', 'wlan0', 'access-points'];
    const want = { [ssid]: { password } };
    expect(load(text, { schema: YAML11_SCHEMA })).toHaveProperty(point, want);
    expect(load(text)).toHaveProperty(point, want);
  });

  test('keeps a configuration that somebody made, once', async () => {
    await makeImage(shop.image, SHAPES['ubuntu-server']);
    await shop.run({});
    await shop.run({ name: 'w2' });
    expect(await readBootFile(shop.image, 'user-data.orig')).toBe(SHAPES['ubuntu-server'].files['user-data']);
  });
});

test('free space is counted as mtools counts it', async () => {
  if (!has('mdir')) return console.log('skipped: no mtools');
  await makeImage(shop.image, SHAPES['debian-raspi']);
  const listed = execFileSync('mdir', ['-i', `${shop.image}@@${BOOT_OFFSET_BYTES}`, '::'], {
    encoding: 'utf8',
  });
  const free = Number(/([\d ]+) bytes free/.exec(listed)?.[1]?.replaceAll(' ', ''));
  expect(await withBootPartition(shop.image, 'read', boot => boot.freeBytes())).toBe(free);
});
