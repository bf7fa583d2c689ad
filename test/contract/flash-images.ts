/** Disk images shaped like the official ones: a master boot record, a FAT boot partition with their files, and no system. */
import { closeSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import * as fatfs from 'js-fatfs';
import { withBootPartition } from '../../deploy/flash/boot-partition.ts';

const SECTOR_BYTES = 512;
/** Where Raspberry Pi OS puts its boot partition. */
export const BOOT_OFFSET_BYTES = 8192 * SECTOR_BYTES;

export type ImageShape = {
  readonly fat: 'fat16' | 'fat32';
  readonly bootMebibytes: number;
  readonly files: Readonly<Record<string, string>>;
};

const PI_CMDLINE =
  'console=serial0,115200 console=tty1 root=PARTUUID=4e639091-02 rootfstype=ext4 fsck.repair=yes rootwait';

/** The files that matter to `pikelet flash`, as pi-gen, Ubuntu's and Debian's image builders write them. */
export const SHAPES = {
  'raspios-trixie': {
    fat: 'fat32',
    bootMebibytes: 40,
    files: {
      'config.txt': '[all]\narm_64bit=1\n',
      'cmdline.txt': `${PI_CMDLINE} quiet resize\n`,
      'user-data': '#cloud-config\n\n# This is the user-data configuration file for cloud-init.\n',
      'meta-data': '# This is the meta-data configuration file for cloud-init.\n\ninstance_id: rpios-image\n',
      'network-config': '# This file contains a netplan-compatible configuration.\n',
    },
  },
  'raspios-bookworm': {
    fat: 'fat32',
    bootMebibytes: 40,
    files: {
      'config.txt': '[all]\narm_64bit=1\n',
      'cmdline.txt': `${PI_CMDLINE} quiet init=/usr/lib/raspberrypi-sys-mods/firstboot\n`,
      'issue.txt': 'Raspberry Pi reference 2025-05-13\n',
    },
  },
  'debian-raspi': {
    fat: 'fat16',
    bootMebibytes: 24,
    files: {
      'config.txt': 'arm_64bit=1\n',
      'cmdline.txt': 'console=tty0 root=LABEL=RASPIROOT rw fsck.repair=yes net.ifnames=0 cma=64M rootwait\n',
      'sysconf.txt': '#root_pw=\n',
    },
  },
  'ubuntu-server': {
    fat: 'fat32',
    bootMebibytes: 40,
    files: {
      'config.txt': '[all]\nkernel=vmlinuz\n',
      'cmdline.txt':
        'console=serial0,115200 multipath=off dwc_otg.lpm_enable=0 root=LABEL=writable rootfstype=ext4 rootwait\n',
      'user-data':
        '#cloud-config\nchpasswd:\n  expire: true\n  users:\n  - {name: ubuntu, password: ubuntu, type: text}\n',
      'meta-data': 'instance_id: cloud-image\n',
      'network-config': 'version: 2\nethernets:\n  eth0:\n    dhcp4: true\n    optional: true\n',
    },
  },
  dietpi: {
    fat: 'fat16',
    bootMebibytes: 24,
    files: {
      'cmdline.txt': `${PI_CMDLINE}\n`,
      'dietpi.txt':
        'AUTO_SETUP_AUTOMATED=0\nAUTO_SETUP_NET_HOSTNAME=DietPi\n#AUTO_SETUP_INSTALL_SOFTWARE_ID=\n',
      'dietpi-wifi.txt': "aWIFI_SSID[0]=''\n",
    },
  },
} as const satisfies Record<string, ImageShape>;

/** Makes the image at `path`, with an empty Linux partition behind the boot partition. */
export async function makeImage(path: string, shape: ImageShape): Promise<void> {
  const bootSectors = (shape.bootMebibytes * 1024 * 1024) / SECTOR_BYTES;
  const bootSector = BOOT_OFFSET_BYTES / SECTOR_BYTES;
  const fd = openSync(path, 'w+');
  try {
    ftruncateSync(fd, BOOT_OFFSET_BYTES + bootSectors * SECTOR_BYTES + 8 * 1024 * 1024);
    const record = Buffer.alloc(SECTOR_BYTES);
    writeEntry(record, 446, {
      type: shape.fat === 'fat32' ? 0x0c : 0x0e,
      sector: bootSector,
      count: bootSectors,
    });
    writeEntry(record, 462, { type: 0x83, sector: bootSector + bootSectors, count: 16384 });
    record.writeUInt16LE(0xaa55, 510);
    writeSync(fd, record, 0, SECTOR_BYTES, 0);
    await makeFileSystem(fd, bootSectors, shape.fat);
  } finally {
    closeSync(fd);
  }
  await withBootPartition(path, 'write', boot => {
    for (const [name, text] of Object.entries(shape.files)) boot.write(name, Buffer.from(text));
  });
}

function writeEntry(
  record: Buffer,
  at: number,
  entry: { type: number; sector: number; count: number },
): void {
  record.writeUInt8(entry.type, at + 4);
  record.writeUInt32LE(entry.sector, at + 8);
  record.writeUInt32LE(entry.count, at + 12);
}

async function makeFileSystem(fd: number, sectors: number, fat: ImageShape['fat']): Promise<void> {
  const volume = await fatfs.create({
    diskio: {
      initialize: () => 0,
      status: () => 0,
      read(ff, _drive, buffer, sector, count) {
        readSync(fd, ff.HEAPU8, buffer, count * SECTOR_BYTES, BOOT_OFFSET_BYTES + sector * SECTOR_BYTES);
        return fatfs.RES_OK;
      },
      write(ff, _drive, buffer, sector, count) {
        writeSync(fd, ff.HEAPU8, buffer, count * SECTOR_BYTES, BOOT_OFFSET_BYTES + sector * SECTOR_BYTES);
        return fatfs.RES_OK;
      },
      ioctl(ff, _drive, command, buffer) {
        if (command === fatfs.GET_SECTOR_COUNT) ff.setValue(buffer, sectors, 'i32');
        if (command === fatfs.GET_SECTOR_SIZE) ff.setValue(buffer, SECTOR_BYTES, 'i16');
        if (command === fatfs.GET_BLOCK_SIZE) ff.setValue(buffer, 1, 'i32');
        return fatfs.RES_OK;
      },
    },
  });
  const workBytes = 64 * 1024;
  const format = fat === 'fat32' ? fatfs.FM_FAT32 : fatfs.FM_FAT;
  const options = {
    fmt: format | fatfs.FM_SFD,
    n_fat: 2,
    align: 0,
    n_root: 0,
    au_size: fat === 'fat32' ? 512 : 2048,
  };
  const made = volume.f_mkfs('', options, volume.malloc(workBytes), workBytes);
  if (made !== fatfs.FR_OK) throw new Error(`f_mkfs: ${made}`);
}

/** The text of a file on the boot partition; undefined when it is not there. */
export function readBootFile(image: string, path: string): Promise<string | undefined> {
  return withBootPartition(image, 'read', boot => boot.read(path)?.toString('utf8'));
}
