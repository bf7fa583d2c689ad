/** `pikelet flash` from options to a prepared image or card: checks everything first, then writes. */

import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { errorCode } from '../../shared/error-code.ts';
import { withBootPartition } from './boot-partition.ts';
import { listDrives } from './drives.ts';
import { FlashError } from './flash-error.ts';
import { readImage } from './image-source.ts';
import { type Payload, readPayload } from './payload.ts';
import { withImageStart } from './preview.ts';
import { applyPlan, inspectAndPlan, type ProvisionRequest } from './provision.ts';
import { describeDryRun, describeOutcome, maskSecrets, type Outcome, progressPrinter } from './report.ts';
import { type DeviceSettings, type FlashOptions, parseSettings } from './settings.ts';
import { chooseTarget, type Target } from './target.ts';
import { verifyDevice, writeImage } from './write-image.ts';

export type FlashDeps = {
  /** Folder of the project, where the payload lies. */
  readonly project: string;
  /** The result, for stdout. */
  readonly out: (text: string) => void;
  /** Progress, for stderr, one line each. */
  readonly say: (line: string) => void;
  /** Fresh lower-case hex digits of this count. */
  readonly randomHex: (digits: number) => string;
};

/** Throws FlashError, with every fault of the options in it, before anything is touched; later ones name what was under way. */
export async function flash(options: FlashOptions, deps: FlashDeps): Promise<void> {
  const settings = settingsOf(options, deps);
  const archive = readNodeArchive(options.node);
  const payload = readPayload(deps.project);
  const target = await chooseTarget(options, listDrives);
  const request = {
    settings,
    instanceId: `pikelet-${settings.name}-${deps.randomHex(8)}`,
    nodeArchive: archive?.name,
  };
  try {
    if (options.dryRun) return deps.out(await dryRun(target, request));
    const outcome = await writeTarget(target, request, {
      payload,
      archive: archive?.contents,
      say: deps.say,
    });
    deps.out(describeOutcome(outcome));
  } catch (error) {
    throw explained(error, target);
  }
}

function settingsOf(options: FlashOptions, deps: FlashDeps): DeviceSettings {
  const sshKeyText =
    options.sshKey === undefined ? undefined : readNamed('--ssh-key', options.sshKey).toString('utf8');
  const parsed = parseSettings(options, { generatedName: `pikelet-${deps.randomHex(4)}`, sshKeyText });
  if (!parsed.ok) throw new FlashError(parsed.faults.join('\n'), { exitCode: 2 });
  return parsed.settings;
}

function readNodeArchive(path: string | undefined): { name: string; contents: Buffer } | undefined {
  if (path === undefined) return undefined;
  if (!/\.(tar\.xz|tar\.gz|tgz)$/.test(path)) {
    throw new FlashError(
      `--node ${path}: give an official Node.js archive for the device, such as node-v20.20.2-linux-arm64.tar.xz`,
    );
  }
  return { name: path, contents: readNamed('--node', path) };
}

function readNamed(option: string, path: string): Buffer {
  if (!existsSync(path)) throw new FlashError(`${option} ${path}: there is no such file`);
  return readFileSync(path);
}

async function dryRun(target: Target, request: ProvisionRequest): Promise<string> {
  const masked = { ...request, settings: maskSecrets(request.settings) };
  const plan = (path: string) => withBootPartition(path, 'read', boot => inspectAndPlan(boot, masked));
  const source = target.kind === 'in-place' ? undefined : target.image;
  const path = target.kind === 'device' ? target.drive.path : target.path;
  const planned = source === undefined ? await plan(path) : await withImageStart(source, plan);
  return describeDryRun(target, planned);
}

type Means = { readonly payload: Payload; readonly archive?: Buffer; readonly say: (line: string) => void };

async function writeTarget(target: Target, request: ProvisionRequest, means: Means): Promise<Outcome> {
  switch (target.kind) {
    case 'in-place':
      return { target, request, ...(await provision(target.path, request, means)) };
    case 'copy': {
      // Under its own name only once it is whole.
      const partial = `${target.path}.partial`;
      try {
        await writeImage(
          readImage(target.image),
          { kind: 'file', path: partial },
          progressPrinter(means.say),
        );
        const planned = await provision(partial, request, means);
        renameSync(partial, target.path);
        return { target, request, ...planned };
      } finally {
        rmSync(partial, { force: true });
      }
    }
    case 'device': {
      const { path, sizeBytes } = target.drive;
      if (target.image !== undefined) {
        const onProgress = progressPrinter(means.say);
        const written = await writeImage(
          readImage(target.image),
          { kind: 'device', path, sizeBytes },
          onProgress,
        );
        verifyDevice(path, written, onProgress);
      }
      return { target, request, ...(await provision(path, request, means)) };
    }
  }
}

function provision(path: string, request: ProvisionRequest, { payload, archive }: Means) {
  return withBootPartition(path, 'write', boot => {
    const planned = inspectAndPlan(boot, request);
    applyPlan(boot, planned.plan, {
      agent: payload.agent,
      'install-script': payload.installScript,
      'node-archive': archive,
    });
    return planned;
  });
}

/** The system's own errors, in words of this command; all others as they are. */
function explained(error: unknown, target: Target): unknown {
  const path = target.kind === 'device' ? `--device ${target.drive.path}` : target.path;
  if (errorCode(error) === 'EBUSY') {
    return new FlashError(
      `${path} is in use: unmount it (a desktop may have mounted the card by itself), then try again`,
      { cause: error },
    );
  }
  if (errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM') {
    const hint =
      target.kind === 'device' ? 'run the command with sudo' : 'choose another place with --output FILE';
    return new FlashError(`${path} may not be opened: ${hint}`, { cause: error });
  }
  if (errorCode(error) === 'ENOENT')
    return new FlashError(`${path}: its folder does not exist`, { cause: error });
  if (errorCode(error) === 'EIO')
    return new FlashError(`${path} fails to read or write: the card or its reader is faulty`, {
      cause: error,
    });
  return error;
}
