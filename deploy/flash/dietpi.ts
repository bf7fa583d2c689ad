/** What DietPi's own first-boot automation reads from the boot partition. */
import { WRITTEN_BY } from './cloud-config.ts';
import type { DeviceSettings, Wifi } from './settings.ts';
import { shellQuote } from './shell-quote.ts';

/** `dietpi.txt` with the settings that make the first boot run unattended; all others stay. Editing twice changes nothing. */
export function editDietpiTxt(text: string, settings: DeviceSettings): string {
  const wanted: Record<string, string> = {
    AUTO_SETUP_AUTOMATED: '1',
    AUTO_SETUP_HEADLESS: '1',
    AUTO_SETUP_NET_HOSTNAME: settings.hostname,
    SURVEY_OPTED_IN: '0',
  };
  if (settings.wifi) wanted.AUTO_SETUP_NET_WIFI_ENABLED = '1';
  if (settings.wifiCountry) wanted.AUTO_SETUP_NET_WIFI_COUNTRY_CODE = settings.wifiCountry;
  return Object.entries(wanted).reduce(setLine, text);
}

function setLine(text: string, [key, value]: readonly [string, string]): string {
  const line = `${key}=${value}`;
  const old = new RegExp(`^#?${key}=.*$`, 'm');
  return old.test(text) ? text.replace(old, () => line) : `${text.replace(/\n?$/, '\n')}${line}\n`;
}

/** `dietpi-wifi.txt`, whose lines are shell assignments. */
export function renderDietpiWifi({ ssid, password }: Wifi): string {
  return `${WRITTEN_BY}
aWIFI_SSID[0]=${shellQuote(ssid)}
aWIFI_KEY[0]=${shellQuote(password ?? '')}
aWIFI_KEYMGR[0]='${password === undefined ? 'NONE' : 'WPA-PSK'}'
`;
}

/** `Automation_Custom_Script.sh`, which DietPi runs after its first set-up, with the network up. */
export function renderDietpiScript(settings: DeviceSettings, installFlags: readonly string[]): string {
  const keys = settings.sshKeys.map(
    key => `printf '%s\\n' ${shellQuote(key)} >>/root/.ssh/authorized_keys\n`,
  );
  const ssh = keys.length === 0 ? '' : `mkdir -p -m 700 /root/.ssh\n${keys.join('')}`;
  return `#!/bin/sh
${WRITTEN_BY}
F=/boot/firmware
[ -d "$F/pikelet" ] || F=/boot
${ssh}sh "$F/pikelet/install.sh" --from "$F/pikelet" ${installFlags.join(' ')}
`;
}
