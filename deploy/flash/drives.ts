/** Which block devices may be overwritten: whole removable disks that nothing uses. Never opens one. */
import { execFileSync } from 'node:child_process';
import * as v from 'valibot';
import { FlashError } from './flash-error.ts';

const text = v.nullish(v.string());
const flag = v.nullish(v.boolean());

type Device = v.InferOutput<typeof plainDevice> & { readonly children?: readonly Device[] };
const plainDevice = v.object({
  name: v.string(),
  path: v.string(),
  type: v.string(),
  size: v.nullish(v.number(), 0),
  rm: flag,
  hotplug: flag,
  ro: flag,
  tran: text,
  vendor: text,
  model: text,
  mountpoints: v.optional(v.array(text), []),
  subsystems: text,
});
const deviceSchema: v.GenericSchema<unknown, Device> = v.object({
  ...plainDevice.entries,
  children: v.optional(v.array(v.lazy(() => deviceSchema))),
});
const listSchema = v.object({ blockdevices: v.array(deviceSchema) });

export type Drive = {
  readonly path: string;
  readonly sizeBytes: number;
  /** Vendor and model, or the bus where there is neither. */
  readonly title: string;
  /** Why it must not be written; empty when it may be. */
  readonly refusals: readonly string[];
};

/** No SD card is larger; a disk that is, is somebody's archive. */
const LARGEST_BYTES = 2e12;
const SYSTEM_MOUNTS = new Set([
  '/',
  '/boot',
  '/boot/efi',
  '/boot/firmware',
  '/usr',
  '/var',
  '/home',
  '[SWAP]',
]);

/** Every whole disk that `lsblk -J -b` lists, judged. Throws a ValiError when the text is not lsblk's. */
export function judgeDrives(lsblkJson: string): readonly Drive[] {
  const { blockdevices } = v.parse(listSchema, JSON.parse(lsblkJson));
  return blockdevices.filter(({ type }) => type === 'disk' || type === 'loop').map(judge);
}

function judge(device: Device): Drive {
  const isLoop = device.type === 'loop';
  const isCard = /^mmcblk\d+$/.test(device.name);
  const title = [device.vendor, device.model].flatMap(part => part?.trim() || []).join(' ');
  return {
    path: device.path,
    sizeBytes: device.size ?? 0,
    title: title || (isLoop ? 'loop device' : isCard ? 'memory card' : (device.tran ?? 'disk')),
    refusals: [
      ...refusalsOf(device, device.rm || device.hotplug || device.tran === 'usb' || isCard || isLoop),
    ],
  };
}

function* refusalsOf(device: Device, isRemovable: boolean): Generator<string> {
  const mounts = withChildren(device).flatMap(({ mountpoints }) => mountpoints.flatMap(mount => mount ?? []));
  if (mounts.some(mount => SYSTEM_MOUNTS.has(mount))) yield 'this system runs from it';
  else if (mounts.length > 0) yield `it is mounted at ${mounts.join(', ')}: unmount it first`;
  const holders = withChildren(device).filter(({ type }) => !['disk', 'loop', 'part'].includes(type));
  if (holders.length > 0) yield `it is in use by ${holders.map(({ name }) => name).join(', ')}`;
  if (device.ro) yield 'it is read-only';
  if (!isRemovable || /^(zram|ram|nbd)\d+$|boot\d+$|rpmb$/.test(device.name)) yield 'it is not removable';
  if (!device.size) yield 'there is no medium in it';
  if ((device.size ?? 0) > LARGEST_BYTES) yield 'it is larger than 2 TB';
}

function withChildren(device: Device): readonly Device[] {
  return [device, ...(device.children ?? []).flatMap(withChildren)];
}

/** Runs lsblk; throws FlashError when there is none. */
export function listDrives(): readonly Drive[] {
  const columns = 'NAME,PATH,TYPE,SIZE,RM,HOTPLUG,RO,TRAN,VENDOR,MODEL,MOUNTPOINTS,SUBSYSTEMS';
  try {
    return judgeDrives(execFileSync('lsblk', ['-J', '-b', '-o', columns], { encoding: 'utf8' }));
  } catch (cause) {
    throw new FlashError('--device: cannot list disks; lsblk of util-linux 2.37 or newer is needed', {
      cause,
    });
  }
}

/**
 * The drive that the user means, or a FlashError that says why not and what could be meant. `path` is resolved: no link
 * such as /dev/disk/by-id/…; `typed` and `yesIMean` are as the user typed them.
 */
export function chooseDrive(
  drives: readonly Drive[],
  asked: { readonly path: string; readonly typed: string; readonly yesIMean: string | undefined },
): Drive {
  const drive = drives.find(({ path }) => path === asked.path);
  if (!drive || drive.refusals.length > 0) {
    const why = drive ? drive.refusals.join('; ') : 'it is not a whole disk';
    const others = drives.filter(({ refusals }) => refusals.length === 0).map(describeDrive);
    const hint =
      others.length > 0 ? `could be written: ${others.join(', ')}` : 'no card that could be written is there';
    throw new FlashError(`--device ${asked.typed} is refused: ${why} (${hint})`);
  }
  if (asked.yesIMean !== asked.typed) {
    throw new FlashError(
      `--device ${asked.typed}: this writes to ${describeDrive(drive)}; repeat the command with --yes-i-mean ${asked.typed}`,
    );
  }
  return drive;
}

/** As in `/dev/sdb (Generic SD, 31.9 GB)`. */
export function describeDrive({ path, title, sizeBytes }: Drive): string {
  return `${path} (${title}, ${(sizeBytes / 1e9).toFixed(1)} GB)`;
}
