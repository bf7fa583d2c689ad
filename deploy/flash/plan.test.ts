import { load, YAML11_SCHEMA } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { type BootView, planBootFiles } from './plan.ts';
import type { DeviceSettings } from './settings.ts';

const aDevice = (changes: Partial<DeviceSettings> = {}): DeviceSettings => ({
  master: 'mqtt://10.0.0.1:1883',
  token: 'abcdef.0123456789abcdef',
  name: 'w1',
  hostname: 'w1',
  sshKeys: [],
  offline: false,
  ...changes,
});
const aView = (changes: Partial<BootView> = {}): BootView => ({
  kind: 'cloud-init',
  settings: aDevice(),
  instanceId: 'pikelet-w1-0a0b0c0d',
  existing: {
    'cmdline.txt': 'root=/dev/mmcblk0p2 rootwait resize\n',
    'meta-data': 'instance_id: rpios-image\n',
    'user-data': '#cloud-config\n# hostname: x\n',
  },
  ...changes,
});
const textsOf = (view: BootView) =>
  Object.fromEntries(planBootFiles(view).files.map(({ path, text }) => [path, text]));
const yaml = (text: string | undefined) => load(text ?? '', { schema: YAML11_SCHEMA });
const WIFI = { ssid: 'no: #1 "café"', password: `yes'"\\ {[…]} # 🔑` };

describe('planBootFiles', () => {
  test('writes cloud-init files', () => {
    expect(textsOf(aView())).toEqual({
      'pikelet/agent.json':
        '{"master":"mqtt://10.0.0.1:1883","token":"abcdef.0123456789abcdef","name":"w1"}\n',
      'user-data': `#cloud-config
# Written by \`pikelet flash\`: it replaces this file each time.
hostname: "w1"
manage_etc_hosts: true
runcmd:
  - ["sh","/boot/firmware/pikelet/install.sh","--from","/boot/firmware/pikelet","--first-boot"]
`,
      'meta-data': `# Written by \`pikelet flash\`: it replaces this file each time.
instance-id: "pikelet-w1-0a0b0c0d"
local-hostname: "w1"
`,
      'network-config': `# Written by \`pikelet flash\`: it replaces this file each time.
version: 2
ethernets:
  eth0:
    dhcp4: true
    optional: true
`,
      'cmdline.txt':
        'root=/dev/mmcblk0p2 rootwait resize cgroup_enable=memory ds=nocloud;i=pikelet-w1-0a0b0c0d\n',
    });
  });

  test('gives cloud-init the Wi-Fi, whatever characters it has, and the keys', () => {
    const key = 'ssh-ed25519 AAAA me@home';
    const texts = textsOf(
      aView({ settings: aDevice({ wifi: WIFI, wifiCountry: 'DE', sshKeys: [key], offline: true }) }),
    );
    expect(yaml(texts['network-config'])).toEqual({
      version: 2,
      ethernets: { eth0: { dhcp4: true, optional: true } },
      wifis: {
        wlan0: {
          dhcp4: true,
          optional: true,
          'regulatory-domain': 'DE',
          'access-points': { [WIFI.ssid]: { password: WIFI.password } },
        },
      },
    });
    expect(yaml(texts['user-data'])).toMatchObject({
      ssh_authorized_keys: [key],
      ssh_pwauth: false,
      runcmd: [expect.arrayContaining(['--offline']), ['systemctl', 'enable', '--now', 'ssh']],
    });
    expect(texts['cmdline.txt']).toContain('cfg80211.ieee80211_regdom=DE');
  });

  test.each(['no', 'null', '012', '1e3', '12:30:45', '0x1f', '~', '{}', "''"])(
    'keeps an SSID and a password of %s as text',
    word => {
      const wifi = { ssid: word, password: word.padEnd(8, word) };
      const texts = textsOf(aView({ settings: aDevice({ wifi }) }));
      expect(yaml(texts['network-config'])).toHaveProperty(['wifis', 'wlan0', 'access-points'], {
        [word]: { password: wifi.password },
      });
    },
  );

  test('writes firstrun.sh where there is no cloud-init', () => {
    const {
      'firstrun.sh': script,
      'cmdline.txt': cmdline,
      ...others
    } = textsOf(aView({ kind: 'systemd-run', existing: { 'cmdline.txt': 'rootwait\n' } }));
    expect(Object.keys(others)).toEqual(['pikelet/agent.json']);
    expect(cmdline).toMatch(
      /^rootwait cgroup_enable=memory systemd\.run=\/boot\/firmware\/firstrun\.sh .*systemd\.run_failure_action=reboot/,
    );
    expect(script).toContain('sh "$F/pikelet/install.sh" --from "$F/pikelet" --first-boot --no-start\n');
    expect(script).not.toContain('abcdef.0123456789abcdef');
  });

  test('uses the automation of DietPi', () => {
    const existing = {
      'cmdline.txt': 'rootwait',
      'dietpi.txt': 'AUTO_SETUP_AUTOMATED=0\n#AUTO_SETUP_HEADLESS=0\nX=1\n',
    };
    const texts = textsOf(
      aView({ kind: 'dietpi', settings: aDevice({ wifi: { ssid: "a'b", password: 'secret12' } }), existing }),
    );
    expect(texts['dietpi.txt']).toBe(
      'AUTO_SETUP_AUTOMATED=1\nAUTO_SETUP_HEADLESS=1\nX=1\nAUTO_SETUP_NET_HOSTNAME=w1\nSURVEY_OPTED_IN=0\nAUTO_SETUP_NET_WIFI_ENABLED=1\n',
    );
    expect(texts['dietpi-wifi.txt']).toContain(`aWIFI_SSID[0]='a'\\''b'\n`);
    expect(texts['Automation_Custom_Script.sh']).toContain('install.sh" --from "$F/pikelet" --first-boot\n');
  });

  test.each(['cloud-init', 'systemd-run', 'dietpi'] as const)(
    'plans the same again over its own result (%s)',
    kind => {
      const view = aView({ kind, existing: { ...aView().existing, 'dietpi.txt': 'X=1\n' } });
      const first = planBootFiles(view);
      const existing = { ...view.existing, ...textsOf(view) };
      expect(planBootFiles({ ...view, existing })).toEqual(first);
    },
  );

  test.each([
    {
      name: 'keeps what somebody configured',
      text: '#cloud-config\nusers: [default]\n',
      want: [{ from: 'user-data', to: 'user-data.orig' }],
    },
    { name: 'does not keep a stub', text: '#cloud-config\n\n# users:\n', want: [] },
  ])('$name', ({ text, want }) => {
    expect(planBootFiles(aView({ existing: { 'user-data': text } })).keeps).toEqual(want);
  });

  test('carries a Node.js archive under a name that the installer knows, and drops the other', () => {
    const plan = planBootFiles(aView({ nodeArchive: '/tmp/node-v20.20.2-linux-arm64.tar.xz' }));
    expect(plan.payload.map(({ path }) => path)).toEqual([
      'pikelet/agent.cjs',
      'pikelet/install.sh',
      'pikelet/node.tar.xz',
    ]);
    expect(plan.removes).toEqual(['pikelet/node.tar.gz']);
  });

  test('says what may surprise', () => {
    const notesOf = (view: Partial<BootView>) => planBootFiles(aView(view)).notes.join('\n');
    expect(notesOf({ kind: 'systemd-run' })).toContain('--node FILE');
    expect(notesOf({ kind: 'systemd-run', nodeArchive: 'n.tgz' })).not.toContain('--node FILE');
    expect(notesOf({ settings: aDevice({ wifi: { ssid: 'a' } }) })).toContain('--wifi-country');
    expect(notesOf({ settings: aDevice({ master: 'mqtt://localhost:1883' }) })).toContain(
      'the device itself',
    );
    expect(notesOf({ existing: {} })).toContain('no cmdline.txt');
  });
});
