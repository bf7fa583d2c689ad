import { expect, it } from 'vitest';
import type { DeviceFiles } from './device-files.ts';
import { findDevices } from './find-devices.ts';

/** Files by path, and where links lead; all below /dev but links are character devices. */
function deviceFiles(
  texts: Readonly<Record<string, string>>,
  links: Readonly<Record<string, string>> = {},
): DeviceFiles {
  const paths = [...Object.keys(texts), ...Object.keys(links)];
  return {
    root: '/',
    list: folder => [
      ...new Set(
        paths
          .filter(path => path.startsWith(`${folder}/`))
          .map(path => path.slice(folder.length + 1).split('/')[0] ?? '')
          .sort(),
      ),
    ],
    read: path => texts[path],
    realPath: path => links[path] ?? (path in texts ? path : undefined),
    isCharacterDevice: path => path in texts && texts[path] !== 'folder',
  };
}

const DEV = (...names: string[]) => Object.fromEntries(names.map(name => [`/dev/${name}`, '']));

it('finds what has a name of its own, and nothing else', () => {
  const devices = findDevices(
    deviceFiles({
      ...DEV('gpiochip0', 'gpiochip10', 'gpiomem', 'i2c-1', 'spidev0.1', 'apex_0', 'hailo0', 'null', 'ttyS0'),
      '/dev/gpiochip4': 'folder',
    }),
  );
  expect(devices.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    'apex apex/apex_0',
    'gpiochip gpiochip/gpiochip0',
    'gpiochip gpiochip/gpiochip10',
    'hailo hailo/hailo0',
    'i2c i2c/i2c-1',
    'spidev spidev/spidev0.1',
  ]);
  expect(devices[1]?.files).toEqual([{ source: '/dev/gpiochip0', target: '/dev/gpiochip0' }]);
});

it('takes the nodes of one camera for one device, and no codec for a camera', () => {
  const sys = '/sys/class/video4linux';
  const texts = {
    ...DEV('video0', 'video1', 'video10'),
    [`${sys}/video0/name`]: 'HD Webcam',
    [`${sys}/video10/name`]: 'bcm2835-codec-decode',
  };
  const links = {
    [`${sys}/video0/device`]: '/sys/devices/usb1/1-1/1-1:1.0',
    [`${sys}/video1/device`]: '/sys/devices/usb1/1-1/1-1:1.0',
  };
  expect(findDevices(deviceFiles(texts, links))).toEqual([
    {
      kind: 'video',
      id: 'video/1-1:1.0',
      files: ['/dev/video0', '/dev/video1'].map(path => ({ source: path, target: path })),
    },
  ]);
});

it('knows USB serial ports by vendor and product, with their serial number and lasting name', () => {
  const usb = '/sys/devices/usb1/1-1.2';
  const texts = {
    ...DEV('ttyUSB0', 'ttyUSB1', 'ttyACM0'),
    [`${usb}/idVendor`]: '0403',
    [`${usb}/idProduct`]: '60FF',
    [`${usb}/serial`]: 'A5,02',
  };
  const links = {
    '/sys/class/tty/ttyUSB0/device': `${usb}/1-1.2:1.0/ttyUSB0`,
    '/sys/class/tty/ttyUSB1/device': `${usb}/1-1.2:1.1/ttyUSB1`,
    '/dev/serial/by-id/usb-FTDI_A502-if00-port0': '/dev/ttyUSB0',
  };
  const [serial, adapter] = findDevices(deviceFiles(texts, links));
  expect(serial).toMatchObject({ kind: 'serial', id: 'serial/ttyACM0' });
  expect(adapter).toEqual({
    kind: 'usb-0403-60ff',
    id: 'usb-0403-60ff/1-1.2',
    serialNumber: 'A5,02',
    files: [
      { source: '/dev/ttyUSB0', target: '/dev/ttyUSB0' },
      { source: '/dev/ttyUSB0', target: '/dev/serial/by-id/usb-FTDI_A502-if00-port0' },
      { source: '/dev/ttyUSB1', target: '/dev/ttyUSB1' },
    ],
  });
});
