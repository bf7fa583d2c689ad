/** A Podman service of a test's own: its own socket, storage and settings, so that it needs no systemd and leaves nothing behind. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';

export type PodmanService = { readonly socketPath: string; readonly close: () => Promise<void> };

/** Podman's own defaults of limits may be above what a machine in a sandbox may give. */
const SETTINGS = `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
runtime = "runc"
events_logger = "file"
`;

/** Resolves when the socket is there; throws with what Podman printed when it ends before that. */
export async function startPodman(
  options: { readonly insecureRegistries?: readonly string[] } = {},
): Promise<PodmanService> {
  const folder = await mkdtemp(join(tmpdir(), 'pikelet-podman-'));
  const storage = `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/root"\nrunroot = "${folder}/run"\n`;
  await mkdir(join(folder, 'tmp'));
  await writeFile(join(folder, 'storage.conf'), storage);
  await writeFile(join(folder, 'containers.conf'), `${SETTINGS}tmp_dir = "${folder}/tmp"\n`);
  const registries = (options.insecureRegistries ?? []).map(
    host => `[[registry]]\nlocation = "${host}"\ninsecure = true\n`,
  );
  await writeFile(join(folder, 'registries.conf'), registries.join(''));
  const environment = {
    ...process.env,
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  };
  const socketPath = join(folder, 'podman.sock');
  const service = spawn('podman', ['system', 'service', '--time=0', `unix://${socketPath}`], {
    env: environment,
    // Debian's conmon leaves files where the service was started.
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let printed = '';
  service.stderr.setEncoding('utf8').on('data', (piece: string) => {
    printed = (printed + piece).slice(-4000);
  });
  await untilThere(socketPath, service, () => printed);
  return {
    socketPath,
    async close() {
      const ended = once(service, 'exit');
      service.kill('SIGTERM');
      await ended;
      spawnSync('umount', [join(folder, 'root/overlay')]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilThere(path: string, service: ChildProcess, printed: () => string): Promise<void> {
  for (;;) {
    if (service.exitCode !== null) throw new Error(`podman ended with ${service.exitCode}: ${printed()}`);
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await systemClock.sleep(20);
  }
}
