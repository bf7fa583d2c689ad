/** The script for images without cloud-init (Raspberry Pi OS bookworm, Debian): systemd runs it once, before there is a network. */
import { pbkdf2Sync } from 'node:crypto';
import { WRITTEN_BY } from './cloud-config.ts';
import type { DeviceSettings, Wifi } from './settings.ts';
import { shellQuote } from './shell-quote.ts';

/**
 * The whole of `firstrun.sh`. Its first act is to take itself out of cmdline.txt, so that no failure can become a boot loop;
 * each later step is tried whatever became of the one before. `installFlags` are for install.sh.
 */
export function renderFirstRun(settings: DeviceSettings, installFlags: readonly string[]): string {
  return `#!/bin/sh
${WRITTEN_BY}
R=\${PIKELET_ROOT:-}
F=$R/boot/firmware
sed -i 's| systemd\\.[^ ]*||g' "$F/cmdline.txt"
exec >>"$F/pikelet/first-boot.log" 2>&1
set -u
NAME=${shellQuote(settings.hostname)}
printf '%s\\n' "$NAME" >"$R/etc/hostname"
sed -i '/^127\\.0\\.1\\.1[[:space:]]/d' "$R/etc/hosts"
printf '127.0.1.1\\t%s\\n' "$NAME" >>"$R/etc/hosts"
${settings.wifi ? renderWifi(settings.wifi) : ''}${renderSsh(settings.sshKeys)}sh "$F/pikelet/install.sh" --from "$F/pikelet" ${installFlags.join(' ')}
# It holds the Wi-Fi key.
rm -f "$F/firstrun.sh"
sync
exit 0
`;
}

/**
 * The pre-shared key of WPA2 as 64 hex digits (IEEE 802.11 annex J.4): the same for every way to configure Wi-Fi, and free
 * of quoting.
 */
export function wifiKeyHex(ssid: string, password: string): string {
  return /^[0-9a-fA-F]{64}$/.test(password)
    ? password.toLowerCase()
    : pbkdf2Sync(password, ssid, 4096, 32, 'sha1').toString('hex');
}

function renderWifi({ ssid, password }: Wifi): string {
  // NetworkManager takes a network name as a list of bytes, which needs no quoting.
  const ssidBytes = [...Buffer.from(ssid)].map(byte => `${byte};`).join('');
  const key = password === undefined ? undefined : wifiKeyHex(ssid, password);
  return `if [ -d "$R/etc/NetworkManager" ]; then
  C=$R/etc/NetworkManager/system-connections/pikelet-wifi.nmconnection
  mkdir -p "\${C%/*}"
  (umask 077; cat >"$C" <<'NM'
[connection]
id=pikelet-wifi
type=wifi
interface-name=wlan0

[wifi]
mode=infrastructure
ssid=${ssidBytes}
${key === undefined ? '' : `\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=${key}\n`}
[ipv4]
method=auto

[ipv6]
method=auto
NM
  )
elif [ -d "$R/etc/network" ]; then
  mkdir -p "$R/etc/network/interfaces.d"
  (umask 077; cat >"$R/etc/network/interfaces.d/wlan0" <<'IF'
allow-hotplug wlan0
iface wlan0 inet dhcp
    wpa-ssid ${ssid}
${key === undefined ? '    wpa-key-mgmt NONE' : `    wpa-psk ${key}`}
IF
  )
else
  echo 'no NetworkManager and no ifupdown: Wi-Fi is not configured'
fi
# The radio stays off on Raspberry Pi OS until a country is set; this is what its own set-up does.
for S in "$R"/var/lib/systemd/rfkill/*:wlan; do [ ! -e "$S" ] || echo 0 >"$S"; done
`;
}

function renderSsh(keys: readonly string[]): string {
  if (keys.length === 0) return '';
  return `H=$(awk -F: '$3 == 1000 { print $6 }' "$R/etc/passwd")
H=$R\${H:-/root}
mkdir -p "$H/.ssh"
cat >>"$H/.ssh/authorized_keys" <<'KEYS'
${keys.join('\n')}
KEYS
chmod 700 "$H/.ssh"; chmod 600 "$H/.ssh/authorized_keys"
chown -R "$(stat -c %u:%g "$H")" "$H/.ssh"
systemctl enable ssh
`;
}
