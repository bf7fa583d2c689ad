/** What cloud-init reads from the boot partition (Raspberry Pi OS since trixie, Ubuntu): user-data, meta-data, network-config. */
import type { DeviceSettings } from './settings.ts';
import { renderYaml, type Yaml } from './yaml.ts';

/** In every text file that Pikelet writes: tells ours from what was there before. */
export const WRITTEN_BY = '# Written by `pikelet flash`: it replaces this file each time.';

/** The `#cloud-config` that names the device and runs `installCommand` once. */
export function renderUserData(settings: DeviceSettings, installCommand: readonly string[]): string {
  const hasKeys = settings.sshKeys.length > 0;
  const runcmd: Yaml[] = [installCommand];
  // Raspberry Pi OS ships sshd switched off.
  if (hasKeys) runcmd.push(['systemctl', 'enable', '--now', 'ssh']);
  return `#cloud-config\n${WRITTEN_BY}\n${renderYaml({
    hostname: settings.hostname,
    manage_etc_hosts: true,
    ssh_authorized_keys: hasKeys ? settings.sshKeys : undefined,
    ssh_pwauth: hasKeys ? false : undefined,
    runcmd,
  })}`;
}

/** A new instance id makes cloud-init take the device for a new one, and so apply everything again. */
export function renderMetaData(settings: DeviceSettings, instanceId: string): string {
  return `${WRITTEN_BY}\n${renderYaml({ 'instance-id': instanceId, 'local-hostname': settings.hostname })}`;
}

/** Replaces the image's own network configuration, so the wired port is always in it; neither interface delays the boot. */
export function renderNetworkConfig({ wifi, wifiCountry }: DeviceSettings): string {
  const wlan0 = wifi && {
    dhcp4: true,
    optional: true,
    'regulatory-domain': wifiCountry,
    'access-points': { [wifi.ssid]: wifi.password === undefined ? {} : { password: wifi.password } },
  };
  return `${WRITTEN_BY}\n${renderYaml({
    version: 2,
    ethernets: { eth0: { dhcp4: true, optional: true } },
    wifis: wlan0 && { wlan0 },
  })}`;
}
