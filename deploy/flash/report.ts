/** What the command prints: progress, the outcome, and the dry run. Pure but for the callbacks it is given. */
import { describeDrive } from './drives.ts';
import type { ImageKind } from './image-kind.ts';
import type { BootPlan } from './plan.ts';
import type { ProvisionRequest } from './provision.ts';
import type { DeviceSettings } from './settings.ts';
import type { Target } from './target.ts';
import type { OnProgress } from './write-image.ts';

export type Planned = { readonly kind: ImageKind; readonly plan: BootPlan };
export type Outcome = Planned & { readonly target: Target; readonly request: ProvisionRequest };

const PROGRESS_STEP_BYTES = 256 * 1024 * 1024;

/** Says a line for every 256 MiB of each stage. */
export function progressPrinter(say: (line: string) => void): OnProgress {
  let said = '';
  return (stage, bytes) => {
    const step = Math.floor(bytes / PROGRESS_STEP_BYTES);
    const line = `${stage === 'write' ? 'writing' : 'reading back'}: ${step * 256} MiB`;
    if (step === 0 || line === said) return;
    said = line;
    say(line);
  };
}

const FIRST_BOOT: Record<ImageKind, readonly string[]> = {
  'cloud-init': ['cloud-init sets the name and the network, and starts the installation'],
  'systemd-run': [
    'firstrun.sh sets the name and the network, and the device restarts once',
    'the installation starts',
  ],
  dietpi: ["DietPi's own set-up runs, which takes some minutes", 'the installation starts'],
};

/** What was done and what the device will do. */
export function describeOutcome({ target, request, kind, plan }: Outcome): string {
  const { settings } = request;
  const steps = [
    ...FIRST_BOOT[kind],
    settings.offline
      ? 'it uses the Docker Engine and the Node.js that the image holds'
      : 'it installs docker.io and nodejs where they are missing: the device needs Internet for that',
    'the join token moves to /etc/pikelet/agent.json and leaves the boot partition',
    `the agent joins ${settings.master}: see it with \`pikelet get nodes\``,
  ];
  const lines = [
    `${describeTarget(target)} is ready: node ${settings.name} (${kind})`,
    ...(target.kind === 'copy' ? [`${target.image} is as it was`] : []),
    `written to its boot partition: ${filesOf(plan).join(', ')}`,
    ...plan.keeps.map(({ from, to }) => `the old ${from} is kept as ${to}`),
    'at first boot:',
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    ...plan.notes.map(note => `note: ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Every file with its text; secrets must have been masked in the settings that the plan was made from. */
export function describeDryRun(target: Target, { kind, plan }: Planned): string {
  const lines = [
    `dry run: nothing is written. ${describeTarget(target)} would be prepared by ${kind}`,
    ...plan.keeps.map(({ from, to }) => `would keep the old ${from} as ${to}`),
    ...plan.payload.map(({ path, part }) => `--- ${path} (${part})`),
    ...plan.files.flatMap(({ path, text }) => [`--- ${path}`, text.trimEnd()]),
    ...plan.notes.map(note => `note: ${note}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** The same settings with the token's secret half and the Wi-Fi password made unreadable. */
export function maskSecrets(settings: DeviceSettings): DeviceSettings {
  const { wifi } = settings;
  return {
    ...settings,
    token: settings.token.replace(/\..*/, '.****************'),
    wifi: wifi?.password === undefined ? wifi : { ...wifi, password: '********' },
  };
}

function filesOf({ payload, files }: BootPlan): readonly string[] {
  return [...payload, ...files].map(({ path }) => path);
}

function describeTarget(target: Target): string {
  return target.kind === 'device' ? describeDrive(target.drive) : target.path;
}
