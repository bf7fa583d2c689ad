/** Which way into a device's first boot an image offers, told by what lies on its FAT boot partition. */

/** `cloud-init`: reads user-data; `systemd-run`: only the kernel command line; `dietpi`: its own dietpi.txt. */
export type ImageKind = 'cloud-init' | 'systemd-run' | 'dietpi';

/** Undefined when none of the ways is there. `names` are those of the partition's top folder, in any case. */
export function detectImageKind(names: readonly string[]): ImageKind | undefined {
  const there = new Set(names.map(name => name.toLowerCase()));
  if (there.has('dietpi.txt')) return 'dietpi';
  // pi-gen and Ubuntu ship stubs of these wherever cloud-init is installed.
  if (there.has('user-data') || there.has('meta-data')) return 'cloud-init';
  return there.has('cmdline.txt') ? 'systemd-run' : undefined;
}
