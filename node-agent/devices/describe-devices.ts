/** Devices as a Node tells of them: amounts to allocate, and labels to select by. Pure. */
import { DEVICE_LABEL_PREFIX } from '../../shared/kubernetes/device-labels.ts';
import { type Device, resourceOf } from './device.ts';

/** How many there are of each resource. */
export function deviceAmounts(devices: readonly Device[]): Record<string, string> {
  const amounts: Record<string, string> = {};
  for (const device of devices) {
    const resource = resourceOf(device);
    amounts[resource] = String(Number(amounts[resource] ?? 0) + 1);
  }
  return amounts;
}

/** `devices.pikelet.dev/<kind>` each, and `devices.pikelet.dev/<kind>.<serial number>` for what tells one: all `true`. */
export function deviceLabels(devices: readonly Device[]): Record<string, string> {
  const names = devices.flatMap(({ kind, serialNumber = '' }) => {
    const serial = serialNumber.replace(/[^A-Za-z0-9_.-]+/g, '-');
    return [kind, ...(serial === '' ? [] : [labelName(`${kind}.${serial}`)])];
  });
  return Object.fromEntries(names.map(name => [`${DEVICE_LABEL_PREFIX}${name}`, 'true']));
}

/** The name in a label's key has at most 63 characters and ends in a letter or digit. */
function labelName(text: string): string {
  return text.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');
}
