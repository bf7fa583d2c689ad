import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeImage, readBootFile, SHAPES } from './flash-images.ts';
import { makeWorkshop, sha256, TOKEN, type Workshop } from './flash-workshop.ts';

/** A loop device stands in for a card: only root has them, and not every container does. */
const canLoop = (() => {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('losetup', ['-f'], { stdio: 'ignore' });
    execFileSync('lsblk', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!canLoop)('a card (skipped without root and loop devices)', () => {
  let shop: Workshop;
  let card: string;

  beforeEach(async () => {
    shop = makeWorkshop();
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    const backing = join(shop.folder, 'card');
    writeFileSync(backing, '');
    truncateSync(backing, 96 * 1024 * 1024);
    card = execFileSync('losetup', ['-f', '--show', backing], { encoding: 'utf8' }).trim();
  });
  afterEach(() => {
    execFileSync('losetup', ['-d', card]);
    shop.remove();
  });

  test('gets the image and the payload; the image stays as it is', async () => {
    const before = sha256(shop.image);
    const printed = await shop.run({ device: card, yesIMean: card });
    expect(printed).toContain(card);
    expect(sha256(shop.image)).toBe(before);
    expect(await readBootFile(card, 'pikelet/agent.json')).toContain(TOKEN);
    expect(await readBootFile(card, 'config.txt')).toBe(SHAPES['raspios-trixie'].files['config.txt']);
  });

  test('that holds an image already is only provisioned', async () => {
    writeFileSync(card, readFileSync(shop.image));
    await shop.run({ image: undefined, device: card, yesIMean: card });
    expect(await readBootFile(card, 'pikelet/agent.json')).toContain('"w1"');
  });

  test('is not touched unless it was named twice', async () => {
    await expect(shop.run({ device: card })).rejects.toThrow(`repeat the command with --yes-i-mean ${card}`);
    await expect(readBootFile(card, 'cmdline.txt')).rejects.toThrow('no partition table');
  });

  test('that is too small is refused before anything is written', async () => {
    truncateSync(shop.image, 97 * 1024 * 1024);
    await expect(shop.run({ device: card, yesIMean: card })).rejects.toThrow('the image is larger');
    await expect(readBootFile(card, 'cmdline.txt')).rejects.toThrow('no partition table');
  });

  test('that is mounted is refused', async () => {
    execFileSync('mkfs.ext4', ['-q', card]);
    const mount = join(shop.folder, 'mnt');
    execFileSync('mkdir', [mount]);
    execFileSync('mount', [card, mount]);
    try {
      await expect(shop.run({ device: card, yesIMean: card })).rejects.toThrow(
        `it is mounted at ${mount}: unmount it first`,
      );
    } finally {
      execFileSync('umount', [mount]);
    }
  });

  test('that another program holds is refused', async () => {
    const held = openSync(card, constants.O_RDONLY | constants.O_EXCL);
    try {
      await expect(shop.run({ device: card, yesIMean: card })).rejects.toThrow(`--device ${card} is in use`);
    } finally {
      closeSync(held);
    }
  });
});
