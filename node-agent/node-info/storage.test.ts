import { expect, it } from 'vitest';
import { systemFilesOf } from '../../test/support/system-files.ts';
import { readOnlyFolders, readStores } from './storage.ts';

it('reads what an eMMC says of its wear, and what was written to each device', () => {
  const files = systemFilesOf({
    '/sys/block/mmcblk0/size': '61079552\n',
    '/sys/block/mmcblk0/stat': '   1  2  3  4  5  6  2048  8  0  0  0\n',
    '/sys/block/mmcblk0/device/life_time': '0x01 0x03\n',
    '/sys/block/mmcblk0/device/pre_eol_info': '0x02\n',
    '/sys/block/mmcblk0boot0/size': '8192\n',
    '/sys/block/sda/size': '1000\n',
    '/sys/block/zram0/size': '1000\n',
    '/sys/block/vda/size': '1000\n',
  });
  expect(readStores(files)).toEqual([
    {
      name: 'mmcblk0',
      sizeBytes: 61_079_552 * 512,
      writtenBytes: 1024 * 1024,
      lifeUsedPercent: 30,
      spareUsedPercent: 80,
    },
    { name: 'sda', sizeBytes: 512_000, writtenBytes: 0 },
  ]);
});

it.each([
  { name: 'not defined', lifeTime: '0x00 0x00', preEol: '0x00' },
  { name: 'nothing', lifeTime: undefined, preEol: undefined },
  { name: 'nonsense', lifeTime: 'bad', preEol: '0x07' },
])('takes $name for not told', ({ lifeTime, preEol }) => {
  const [store] = readStores(
    systemFilesOf({
      '/sys/block/mmcblk0/size': '1',
      '/sys/block/mmcblk0/device/life_time': lifeTime,
      '/sys/block/mmcblk0/device/pre_eol_info': preEol,
    }),
  );
  expect([store?.lifeUsedPercent, store?.spareUsedPercent]).toEqual([undefined, undefined]);
});

const MOUNTS = '/dev/a / ext4 rw,noatime 0 0\n/dev/b /var/lib ext4 ro,relatime 0 0\n';

it.each([
  { name: 'below the mount', mounts: MOUNTS, folder: '/var/lib/docker', want: ['/var/lib/docker'] },
  { name: 'the mount itself', mounts: MOUNTS, folder: '/var/lib', want: ['/var/lib'] },
  { name: 'beside it', mounts: MOUNTS, folder: '/var/library', want: [] },
  {
    name: 'writable deeper down',
    mounts: `${MOUNTS}/dev/c /var/lib/x ext4 rw 0 0\n`,
    folder: '/var/lib/x',
    want: [],
  },
  { name: 'mounted over', mounts: `${MOUNTS}/dev/c /var/lib ext4 rw 0 0\n`, folder: '/var/lib', want: [] },
  {
    name: 'with a blank',
    mounts: '/dev/a /my\\040disk ext4 ro 0 0\n',
    folder: '/my disk',
    want: ['/my disk'],
  },
  { name: 'no mounts', mounts: undefined, folder: '/x', want: [] },
])('knows a folder on a read-only file system: $name', ({ mounts, folder, want }) => {
  expect(readOnlyFolders(systemFilesOf({ '/proc/1/mounts': mounts }), [folder])).toEqual(want);
});

it.each([
  { name: 'wanted writable', fstab: '# root\nPARTUUID=1 / ext4 defaults,noatime 0 1\n', want: ['/'] },
  { name: 'wanted so', fstab: 'PARTUUID=1 / ext4 defaults,ro 0 1\n', want: [] },
  { name: 'nothing said', fstab: undefined, want: [] },
])('judges a read-only root by what fstab says: $name', ({ fstab, want }) => {
  const mounts = '/dev/a / ext4 ro 0 0\n/dev/b /data ext4 rw 0 0\n';
  const files = systemFilesOf({ '/proc/mounts': mounts, '/etc/fstab': fstab });
  expect(readOnlyFolders(files, ['/data'])).toEqual(want);
});
