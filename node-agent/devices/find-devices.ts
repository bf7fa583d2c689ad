/** Finds what is attached to a device by the names that Linux gives it in /dev, and by what /sys knows of it. Pure but for the files it is given. */
import { basename, dirname, join } from 'node:path';
import type { Device } from './device.ts';
import type { DeviceFiles } from './device-files.ts';

const PLAIN = /^(gpiochip|i2c-|apex_|hailo)(\d+)$/;
const SPI = /^spidev\d+\.\d+$/;
const VIDEO = /^video\d+$/;
const SERIAL = /^tty(USB|ACM)\d+$/;

/** Video nodes of the Raspberry Pi's own codecs and image processors, which are no cameras. */
const NO_CAMERA = /^(bcm2835-(codec|isp)|pispbe|rpi-hevc-dec|rpivid)/;

const BY_ID = '/dev/serial/by-id';

type Found = {
  readonly kind: string;
  /** Of the thing that the file belongs to, among those of its kind. */
  readonly place: string;
  readonly serialNumber?: string;
  readonly path: string;
};

/** All of them, by id. What has several files, as a camera or an adapter with several ports, is one device. */
export function findDevices(files: DeviceFiles): readonly Device[] {
  const links = linksById(files);
  const found = files
    .list('/dev')
    .map(name => describe(name, files))
    .filter(each => each !== undefined)
    .filter(({ path }) => files.isCharacterDevice(path));
  const devices = new Map<string, Device>();
  for (const { kind, place, serialNumber, path } of found) {
    const id = `${kind}/${place}`;
    const source = join(files.root, path);
    const targets = [path, ...(links.get(path) ?? [])];
    const more = targets.map(target => ({ source, target }));
    devices.set(id, { kind, id, files: [...(devices.get(id)?.files ?? []), ...more], serialNumber });
  }
  return [...devices.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function describe(name: string, files: DeviceFiles): Found | undefined {
  const path = `/dev/${name}`;
  const plain = PLAIN.exec(name)?.[1];
  if (plain !== undefined) return { kind: plain.replace(/[-_]$/, ''), place: name, path };
  if (SPI.test(name)) return { kind: 'spidev', place: name, path };
  if (VIDEO.test(name)) return describeVideo(name, path, files);
  return SERIAL.test(name) ? describeSerial(name, path, files) : undefined;
}

function describeVideo(name: string, path: string, files: DeviceFiles): Found | undefined {
  const folder = `/sys/class/video4linux/${name}`;
  if (NO_CAMERA.test(files.read(`${folder}/name`) ?? '')) return undefined;
  const parent = files.realPath(`${folder}/device`);
  return { kind: 'video', place: placeOf(parent ?? name), path };
}

function describeSerial(name: string, path: string, files: DeviceFiles): Found {
  const usb = usbFolder(files.realPath(`/sys/class/tty/${name}/device`), files);
  const vendor = usb && files.read(`${usb}/idVendor`);
  const product = usb && files.read(`${usb}/idProduct`);
  if (!usb || !isUsbId(vendor) || !isUsbId(product)) return { kind: 'serial', place: name, path };
  const kind = `usb-${vendor}-${product}`.toLowerCase();
  return { kind, place: placeOf(usb), serialNumber: files.read(`${usb}/serial`), path };
}

function isUsbId(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]{4}$/i.test(text);
}

/** The USB device that a part of it belongs to: the nearest folder above that knows its vendor. */
function usbFolder(part: string | undefined, files: DeviceFiles): string | undefined {
  for (let folder = part ?? '/'; folder !== '/'; folder = dirname(folder))
    if (files.read(`${folder}/idVendor`) !== undefined) return folder;
  return undefined;
}

/** The kernel's name of a folder of /sys, such as `1-1.2` for a USB port; commas are kept out, which separate ids in labels. */
function placeOf(folder: string): string {
  return basename(folder).replaceAll(',', '-');
}

/** The lasting names that udev gives serial ports, by the path that each leads to. */
function linksById(files: DeviceFiles): ReadonlyMap<string, readonly string[]> {
  const links = new Map<string, string[]>();
  for (const name of files.list(BY_ID)) {
    const path = files.realPath(`${BY_ID}/${name}`);
    if (path !== undefined) links.set(path, [...(links.get(path) ?? []), `${BY_ID}/${name}`]);
  }
  return links;
}
