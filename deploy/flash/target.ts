/** Where the image comes from and where it goes, checked against the file system before anything is written. */
import { existsSync, realpathSync, statSync } from 'node:fs';
import { detectOurs } from './detect-ours.ts';
import { chooseDrive, type Drive } from './drives.ts';
import { FlashError } from './flash-error.ts';
import { expandedName } from './image-source.ts';
import type { FlashOptions } from './settings.ts';

export type Target =
  /** Provision the image file itself. */
  | { readonly kind: 'in-place'; readonly path: string }
  /** Copy or expand `image` into `path`, and provision that. */
  | { readonly kind: 'copy'; readonly image: string; readonly path: string }
  /** Write `image` onto the drive, and provision that; without `image` the drive already holds one. */
  | { readonly kind: 'device'; readonly image?: string; readonly drive: Drive };

/** Throws FlashError when a file is missing or a target must not be written. `drives` is called only for --device. */
export async function chooseTarget(options: FlashOptions, drives: () => readonly Drive[]): Promise<Target> {
  const { image, output, device } = options;
  if (image !== undefined) expectImage(image);
  if (device !== undefined) {
    if (output !== undefined) throw new FlashError('--output and --device exclude each other');
    if (!existsSync(device)) throw new FlashError(`--device ${device}: there is no such device`);
    const asked = { path: realpathSync(device), typed: device, yesIMean: options.yesIMean };
    const drive = chooseDrive(drives(), asked);
    if (image !== undefined) expectFits(image, drive);
    return { kind: 'device', image, drive };
  }
  if (image === undefined)
    throw new FlashError('--image is missing: give the image file, or --device with a card that holds one');
  const expanded = expandedName(image);
  const path = output ?? expanded ?? image;
  if (existsSync(path) && realpathSync(path) === realpathSync(image)) {
    if (expanded !== undefined)
      throw new FlashError(`--output ${path} is the image itself: choose another file`);
    return { kind: 'in-place', path };
  }
  // Without --output the name is our own choice, so it must not cost somebody a file.
  if (output === undefined && existsSync(path) && !(await detectOurs(path))) {
    throw new FlashError(
      `${path} exists and was not made by this command: name the file to write with --output FILE`,
    );
  }
  return { kind: 'copy', image, path };
}

/** Of a compressed image the size is known only at its end; then writing stops there. */
function expectFits(image: string, drive: Drive): void {
  if (expandedName(image) !== undefined || statSync(image).size <= drive.sizeBytes) return;
  throw new FlashError(`--device ${drive.path} holds ${drive.sizeBytes} bytes: the image is larger`);
}

function expectImage(image: string): void {
  const stat = statSync(image, { throwIfNoEntry: false });
  if (!stat) throw new FlashError(`--image ${image}: there is no such file`);
  if (!stat.isFile()) throw new FlashError(`--image ${image} is not a file`);
  if (stat.size === 0) throw new FlashError(`--image ${image} is empty`);
  if (/\.(zip|7z|bz2|tar|iso|qcow2)$/i.test(image)) {
    throw new FlashError(`--image ${image}: give a disk image, plain or as .xz, .zst or .gz`);
  }
}
