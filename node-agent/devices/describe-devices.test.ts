import { expect, it } from 'vitest';
import { deviceAmounts, deviceLabels } from './describe-devices.ts';

const devices = [
  { kind: 'gpiochip', id: 'gpiochip/gpiochip0', files: [] },
  { kind: 'gpiochip', id: 'gpiochip/gpiochip1', files: [] },
  { kind: 'usb-0403-6001', id: 'usb-0403-6001/1-1', files: [], serialNumber: 'A5 02' },
  { kind: 'usb-0403-6001', id: 'usb-0403-6001/1-2', files: [], serialNumber: `${'x'.repeat(48)}-long` },
];

it('counts devices of a kind', () => {
  expect(deviceAmounts(devices)).toEqual({ 'pikelet.dev/gpiochip': '2', 'pikelet.dev/usb-0403-6001': '2' });
});

it('makes labels that Kubernetes takes', () => {
  expect(Object.keys(deviceLabels(devices))).toEqual([
    'devices.pikelet.dev/gpiochip',
    'devices.pikelet.dev/usb-0403-6001',
    'devices.pikelet.dev/usb-0403-6001.A5-02',
    `devices.pikelet.dev/usb-0403-6001.${'x'.repeat(48)}`,
  ]);
});
