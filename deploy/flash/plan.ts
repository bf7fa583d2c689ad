/** Decides what goes onto the boot partition: options and what is there, in; files, out. Touches nothing. */
import { assertNever } from '../../shared/assert-never.ts';
import { renderMetaData, renderNetworkConfig, renderUserData, WRITTEN_BY } from './cloud-config.ts';
import { editCmdline } from './cmdline.ts';
import { editDietpiTxt, renderDietpiScript, renderDietpiWifi } from './dietpi.ts';
import { renderFirstRun } from './firstrun.ts';
import type { ImageKind } from './image-kind.ts';
import type { DeviceSettings } from './settings.ts';

/** Folder of the payload on the boot partition. */
export const PAYLOAD_FOLDER = 'pikelet';

/** What the plan needs to see of the partition: the text of each of these that exists. */
export const READ_FILES = [
  'cmdline.txt',
  'user-data',
  'meta-data',
  'network-config',
  'firstrun.sh',
  'dietpi.txt',
  'dietpi-wifi.txt',
  'Automation_Custom_Script.sh',
] as const;
type ReadFile = (typeof READ_FILES)[number];

export type BootFile = { readonly path: string; readonly text: string };
/** Bytes of the payload: the agent, the installer, and a Node.js archive when one was given. */
export type PayloadPart = 'agent' | 'install-script' | 'node-archive';

export type BootPlan = {
  /** Written last to first risk: `cmdline.txt` comes last, so that a half-written card boots as it did. */
  readonly files: readonly BootFile[];
  readonly payload: readonly { readonly path: string; readonly part: PayloadPart }[];
  /** Files of somebody else that would be lost: each is first copied to `to`. */
  readonly keeps: readonly { readonly from: string; readonly to: string }[];
  /** Left over from an earlier flash with other options. */
  readonly removes: readonly string[];
  /** What the user should know, one sentence each. */
  readonly notes: readonly string[];
};

export type BootView = {
  readonly kind: ImageKind;
  readonly settings: DeviceSettings;
  readonly instanceId: string;
  readonly existing: Readonly<Partial<Record<ReadFile, string>>>;
  /** File name of the Node.js archive to carry, such as `node-v20.20.2-linux-arm64.tar.xz`. */
  readonly nodeArchive?: string;
};

/** Same view, same plan. */
export function planBootFiles(view: BootView): BootPlan {
  const { settings, existing } = view;
  const own = ownFiles(view);
  const node = view.nodeArchive && nodeArchivePath(view.nodeArchive);
  const cmdline = existing['cmdline.txt'];
  const agentJson = { master: settings.master, token: settings.token, name: settings.name };
  return {
    payload: [
      { path: `${PAYLOAD_FOLDER}/agent.cjs`, part: 'agent' },
      { path: `${PAYLOAD_FOLDER}/install.sh`, part: 'install-script' },
      ...(node ? [{ path: node, part: 'node-archive' } as const] : []),
    ],
    keeps: own.flatMap(({ path }) => keepOf(path, Object.entries(existing))),
    files: [
      { path: `${PAYLOAD_FOLDER}/agent.json`, text: `${JSON.stringify(agentJson)}\n` },
      ...own,
      ...(cmdline === undefined
        ? []
        : [{ path: 'cmdline.txt', text: editCmdline(cmdline, cmdlineEdit(view)) }]),
    ],
    removes: NODE_ARCHIVES.filter(path => path !== node),
    notes: notesOf(view),
  };
}

const NODE_ARCHIVES = ['.tar.xz', '.tar.gz'].map(suffix => `${PAYLOAD_FOLDER}/node${suffix}`);

/** npm's .tgz of a Node.js binary is a gzipped tar like any other. */
function nodeArchivePath(name: string): string | undefined {
  return NODE_ARCHIVES[name.endsWith('.xz') ? 0 : 1];
}

function cmdlineEdit({ kind, settings: { wifiCountry }, instanceId }: BootView) {
  switch (kind) {
    case 'cloud-init':
      return { wifiCountry, instanceId };
    case 'systemd-run':
      return { wifiCountry, runOnce: '/boot/firmware/firstrun.sh' };
    case 'dietpi':
      return { wifiCountry };
    default:
      return assertNever(kind);
  }
}

/** The files by which the image's own mechanism finds the payload. */
function ownFiles({ kind, settings, instanceId, existing }: BootView): readonly BootFile[] {
  const flags = ['--first-boot', ...(settings.offline ? ['--offline'] : [])];
  switch (kind) {
    case 'cloud-init': {
      const payload = `/boot/firmware/${PAYLOAD_FOLDER}`;
      const install = ['sh', `${payload}/install.sh`, '--from', payload, ...flags];
      return [
        { path: 'user-data', text: renderUserData(settings, install) },
        { path: 'meta-data', text: renderMetaData(settings, instanceId) },
        { path: 'network-config', text: renderNetworkConfig(settings) },
      ];
    }
    case 'systemd-run':
      // The device restarts right after the script, so nothing may be started in it.
      return [{ path: 'firstrun.sh', text: renderFirstRun(settings, [...flags, '--no-start']) }];
    case 'dietpi':
      return [
        { path: 'dietpi.txt', text: editDietpiTxt(existing['dietpi.txt'] ?? '', settings) },
        { path: 'Automation_Custom_Script.sh', text: renderDietpiScript(settings, flags) },
        ...(settings.wifi ? [{ path: 'dietpi-wifi.txt', text: renderDietpiWifi(settings.wifi) }] : []),
      ];
    default:
      return assertNever(kind);
  }
}

/** A stub, which only comments, is not worth keeping; nor is what an earlier flash wrote, nor a file that is edited in place. */
function keepOf(path: string, existing: readonly (readonly [string, string | undefined])[]) {
  const text = existing.find(([name]) => name === path)?.[1];
  const hasContent = text?.split('\n').some(line => line.trim() !== '' && !line.startsWith('#'));
  return hasContent && !text?.includes(WRITTEN_BY) && path !== 'dietpi.txt' && !isStubMetaData(path, text)
    ? [{ from: path, to: `${path}.orig` }]
    : [];
}

function isStubMetaData(path: string, text = ''): boolean {
  return (
    path === 'meta-data' &&
    text.split('\n').every(line => /^\s*(#.*|instance[-_]id:.*|dsmode:.*)?$/.test(line))
  );
}

function notesOf({ kind, settings, existing, nodeArchive }: BootView): readonly string[] {
  const notes: string[] = [];
  if (existing['cmdline.txt'] === undefined) {
    notes.push('there is no cmdline.txt: if this is a Raspberry Pi, Docker cannot limit memory on it');
  }
  if (kind === 'systemd-run' && !nodeArchive && !settings.offline) {
    notes.push(
      'if this image is Debian 12 (bookworm), its Node.js is too old: use a Debian 13 image, or give --node FILE, an official Node.js archive for the device',
    );
  }
  if (settings.wifi && !settings.wifiCountry) {
    notes.push('Wi-Fi may stay off until its country is known: give --wifi-country, as in DE or GB');
  }
  if (settings.sshKeys.length === 0 && kind !== 'dietpi') {
    notes.push('no --ssh-key was given: there may be no way to log in to the device');
  }
  if (kind === 'dietpi') notes.push("DietPi's password stays the one in dietpi.txt: change it");
  if (/^mqtt:\/\/(localhost|127\.|\[::1\])/.test(settings.master)) {
    notes.push(`${settings.master} is the device itself when the device reads it: is that meant?`);
  }
  return notes;
}
