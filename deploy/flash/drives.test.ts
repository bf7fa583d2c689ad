import { describe, expect, test } from 'vitest';
import { chooseDrive, judgeDrives } from './drives.ts';

const aDisk = (changes: object) => ({
  name: 'sdb',
  path: '/dev/sdb',
  type: 'disk',
  size: 32e9,
  rm: true,
  hotplug: true,
  ro: false,
  tran: 'usb',
  vendor: 'Generic ',
  model: 'SD Reader',
  mountpoints: [null],
  subsystems: 'block:scsi:usb',
  ...changes,
});
const aPart = (changes: object) => aDisk({ name: 'sdb1', path: '/dev/sdb1', type: 'part', ...changes });
const judged = (...devices: object[]) => judgeDrives(JSON.stringify({ blockdevices: devices }));

describe('judgeDrives', () => {
  test.each([
    { name: 'a card reader', disk: {}, want: [] },
    { name: 'a card slot', disk: { name: 'mmcblk0', rm: false, hotplug: false, tran: null }, want: [] },
    {
      name: 'a loop device',
      disk: { type: 'loop', name: 'loop0', rm: false, hotplug: false, tran: null },
      want: [],
    },
    {
      name: 'a fixed disk',
      disk: { rm: false, hotplug: false, tran: 'nvme' },
      want: ['it is not removable'],
    },
    {
      name: 'a mounted card',
      disk: { children: [aPart({ mountpoints: ['/media/x'] })] },
      want: ['it is mounted at /media/x: unmount it first'],
    },
    {
      name: "the system's own card",
      disk: { children: [aPart({ mountpoints: ['/boot/firmware'] })] },
      want: ['this system runs from it'],
    },
    {
      name: 'a disk below a mapper',
      disk: {
        children: [aPart({ children: [aDisk({ name: 'vg-root', type: 'lvm', mountpoints: ['/'] })] })],
      },
      want: ['this system runs from it', 'it is in use by vg-root'],
    },
    {
      name: 'an unmounted array',
      disk: { children: [aDisk({ name: 'md0', type: 'raid1' })] },
      want: ['it is in use by md0'],
    },
    { name: 'a locked card', disk: { ro: true }, want: ['it is read-only'] },
    { name: 'an empty reader', disk: { size: 0 }, want: ['there is no medium in it'] },
    { name: 'an archive', disk: { size: 4e12 }, want: ['it is larger than 2 TB'] },
    { name: 'compressed memory', disk: { name: 'zram0' }, want: ['it is not removable'] },
    { name: 'the boot area of a memory chip', disk: { name: 'mmcblk0boot0' }, want: ['it is not removable'] },
  ])('$name: $want', ({ disk, want }) => {
    expect(judged(aDisk(disk)).map(({ refusals }) => refusals)).toEqual([want]);
  });

  test('lists whole disks only', () => {
    expect(judged(aPart({}), aDisk({ type: 'rom' }))).toEqual([]);
  });
});

describe('chooseDrive', () => {
  const drives = judged(aDisk({}), aDisk({ path: '/dev/sda', rm: false, hotplug: false, tran: 'sata' }));
  const choose = (path: string, yesIMean?: string) => () =>
    chooseDrive(drives, { path, typed: path, yesIMean });

  test('takes the drive that was named twice', () => {
    expect(choose('/dev/sdb', '/dev/sdb')().path).toBe('/dev/sdb');
  });

  test.each([
    [
      '/dev/sda',
      '/dev/sda',
      '--device /dev/sda is refused: it is not removable (could be written: /dev/sdb (Generic SD Reader, 32.0 GB))',
    ],
    ['/dev/sdb1', '/dev/sdb1', '--device /dev/sdb1 is refused: it is not a whole disk'],
    ['/dev/sdb', undefined, 'repeat the command with --yes-i-mean /dev/sdb'],
    ['/dev/sdb', '/dev/sdc', 'repeat the command with --yes-i-mean /dev/sdb'],
  ])('refuses %s with --yes-i-mean %s', (path, yesIMean, message) => {
    expect(choose(path, yesIMean)).toThrow(message);
  });
});
