import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BOOT_OFFSET_BYTES, makeImage, SHAPES } from './flash-images.ts';
import { makeWorkshop, sha256, type Workshop } from './flash-workshop.ts';

let shop: Workshop;
beforeEach(() => {
  shop = makeWorkshop();
});
afterEach(() => shop.remove());

describe('what cannot be prepared', () => {
  test('is named with its option', async () => {
    await expect(shop.run({ image: join(shop.folder, 'none.img') })).rejects.toThrow(
      /^--image .*none\.img: there is no such file/,
    );
    await expect(shop.run({ image: shop.folder })).rejects.toThrow('is not a file');
    await expect(shop.run({ image: undefined })).rejects.toThrow('--image is missing');
    await expect(shop.run({ token: 'x', name: 'X_' })).rejects.toThrow(/--token.*\n--name/);
    await expect(shop.run({ image: undefined, device: '/dev/none' })).rejects.toThrow(
      '--device /dev/none: there is no such device',
    );
    await expect(shop.run({ sshKey: join(shop.folder, 'k') })).rejects.toThrow('--ssh-key');
  });

  test.each([
    {
      name: 'no image',
      make: () => writeFileSync(shop.image, 'x'.repeat(4096)),
      want: 'has no partition table (MBR)',
    },
    { name: 'an empty file', make: () => writeFileSync(shop.image, ''), want: 'is empty' },
    { name: 'a PC image', make: () => writeRecord(0xee), want: 'is partitioned with GPT' },
    { name: 'no FAT partition', make: () => writeRecord(0x83), want: 'has no FAT boot partition' },
    { name: 'an unformatted partition', make: () => writeRecord(0x0c), want: 'is not a FAT file system' },
  ])('says what images work: $name', async ({ name, make, want }) => {
    make();
    await expect(shop.run({})).rejects.toThrow(want);
    if (name !== 'an empty file')
      await expect(shop.run({})).rejects.toThrow('Raspberry Pi OS (bookworm or newer)');
  });

  function writeRecord(type: number): void {
    const disk = Buffer.alloc(2 * 1024 * 1024);
    disk.writeUInt8(type, 450);
    disk.writeUInt32LE(2048, 454);
    disk.writeUInt32LE(2048, 458);
    disk.writeUInt16LE(0xaa55, 510);
    writeFileSync(shop.image, disk);
  }

  test('is a boot partition without a way in', async () => {
    await makeImage(shop.image, { fat: 'fat16', bootMebibytes: 24, files: { 'readme.txt': 'hello' } });
    await expect(shop.run({})).rejects.toThrow(/neither user-data nor cmdline\.txt \(it has README\.TXT\)/i);
  });

  test('is an image that was cut off', async () => {
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    truncateSync(shop.image, BOOT_OFFSET_BYTES + 1024 * 1024);
    await expect(shop.run({})).rejects.toThrow('download it again');
  });

  test('is a full boot partition, which stays as it was', async () => {
    await makeImage(shop.image, SHAPES['debian-raspi']);
    const archive = join(shop.folder, 'node.tar.xz');
    writeFileSync(archive, Buffer.alloc(30 * 1024 * 1024, 1));
    const before = sha256(shop.image);
    await expect(shop.run({ node: archive })).rejects.toThrow(
      /not enough space on the boot partition: 3\d MiB needed, 2\d MiB free/,
    );
    expect(sha256(shop.image)).toBe(before);
  });

  test('is an agent that is not built', async () => {
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    rmSync(join(shop.project, 'dist/agent.cjs'));
    await expect(shop.run({})).rejects.toThrow('npm run build');
  });
});
