/**
 * What a container leaves behind as its last words: a file that is mounted into it, read once it has ended. The file lies in
 * the pod's folder and goes with it. Source: the kubelet's getTerminationMessage.
 */
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import { allContainers } from '../../shared/kubernetes/pod-containers.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { TERMINATION_LOG_BYTES, TERMINATION_LOG_LINES, TERMINATION_MESSAGE_BYTES } from '../limits.ts';
import {
  type ContainerRuntime,
  type ContainerSpec,
  type RuntimeContainer,
  RuntimeError,
} from '../runtime/container-runtime.ts';
import { podFolder } from '../volumes/plan-volume.ts';

const DEFAULT_PATH = '/dev/termination-log';

/** Makes the file, empty and open to every user, and mounts it, unless the container has a volume in its place. */
export async function withTerminationLog(
  spec: ContainerSpec,
  container: Pick<core.Container, 'terminationMessagePath'>,
  podsFolder: string,
): Promise<ContainerSpec> {
  const target = container.terminationMessagePath || DEFAULT_PATH;
  if (spec.mounts.some(mount => mount.target === target)) return spec;
  const source = fileOf(podsFolder, spec);
  await mkdir(dirname(source), { recursive: true, mode: 0o700 });
  await writeFile(source, '', { mode: 0o666 });
  // The mode above is cut by the process's umask.
  const file = await open(source, 'r+');
  await file.chmod(0o666).finally(() => file.close());
  return { ...spec, mounts: [...spec.mounts, { source, target, readOnly: false }] };
}

/** The message of an ended container; empty where it left none. Throws RuntimeError `unreachable` alone. */
export async function readTerminationMessage(
  runtime: Pick<ContainerRuntime, 'logs'>,
  ended: RuntimeContainer,
  document: PodDocument,
  podsFolder: string,
  signal: AbortSignal,
): Promise<string> {
  const text = await readStart(fileOf(podsFolder, ended));
  const container = allContainers(document.spec).find(({ name }) => name === ended.labels.container);
  const hasFailed = ended.state.kind === 'exited' && ended.state.exitCode !== 0;
  const asksForLog = container?.terminationMessagePolicy === 'FallbackToLogsOnError';
  return text === '' && hasFailed && asksForLog ? readLogEnd(runtime, ended.id, signal) : text;
}

function fileOf(podsFolder: string, { labels }: Pick<RuntimeContainer, 'labels'>): string {
  const folder = join(podFolder(podsFolder, labels.podUid), 'termination');
  return join(folder, `${labels.container}_${labels.attempt}`);
}

async function readStart(path: string): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  // None for a container that an earlier version made.
  if (!file) return '';
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TERMINATION_MESSAGE_BYTES), 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

async function readLogEnd(
  runtime: Pick<ContainerRuntime, 'logs'>,
  id: string,
  signal: AbortSignal,
): Promise<string> {
  const options = { follow: false, timestamps: false, tailLines: TERMINATION_LOG_LINES };
  const pieces: Uint8Array[] = [];
  try {
    for await (const { bytes } of runtime.logs(id, options, signal)) pieces.push(bytes);
  } catch (error) {
    if (!(error instanceof RuntimeError) || error.failure === 'unreachable') throw error;
  }
  return Buffer.concat(pieces).subarray(-TERMINATION_LOG_BYTES).toString('utf8');
}
