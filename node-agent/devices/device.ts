/** What is attached to a device, as its node offers it. */

/** Before the kind in the names of resources that pods ask for. */
export const RESOURCE_PREFIX = 'pikelet.dev/';

/** One thing that a pod can have to itself. */
export type Device = {
  /** What it is: `gpiochip`, `i2c`, `spidev`, `video`, `apex`, `hailo`, `serial` or `usb-<vendor>-<product>`; after RESOURCE_PREFIX the resource's name. */
  readonly kind: string;
  /** `<kind>/<where it is plugged in>`: the same after it was unplugged and is back in its place, and after a reboot. */
  readonly id: string;
  /** Its files: where each is on the device, and where a container finds it. */
  readonly files: readonly { readonly source: string; readonly target: string }[];
  /** Of a USB device that tells it. */
  readonly serialNumber?: string;
};

/** What pods ask for to get a device of this kind. */
export function resourceOf({ kind }: Pick<Device, 'kind'>): string {
  return `${RESOURCE_PREFIX}${kind}`;
}
