/** A device made of folders: a root file system with stubbed system commands, in which the installer runs for real. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { withBootPartition } from '../../deploy/flash/boot-partition.ts';

/** The commands that every Debian has, and that the scripts may use. */
const TOOLS =
  'awk basename cat chmod chown cp cut dd dirname find grep head id ls mkdir mv rm sed sh sha256sum stat tar tr uname wc xargs xz gzip'.split(
    ' ',
  );

export type Ran = { readonly status: number | null; readonly output: string };

export interface FakeDevice {
  readonly root: string;
  /** Runs a script with the root in front of all its paths, and only stubs and plain tools on PATH. */
  run(script: string, args?: readonly string[], env?: Readonly<Record<string, string>>): Ran;
  /** Puts a shell script on PATH; it may write to `$LOG`. */
  stub(name: string, script: string): void;
  /** Calls of stubs that log, one a line, since the last time. */
  takeCalls(): readonly string[];
  write(path: string, text: string): void;
  read(path: string): string;
  has(path: string): boolean;
  /** Octal permission bits, as in `600`. */
  mode(path: string): string;
  /** Fills /boot/firmware from the boot partition of an image, as mounting it would. */
  mountBoot(image: string, paths: readonly string[]): Promise<void>;
  remove(): void;
}

const LOGGED = 'echo "$(basename "$0") $*" >>"$LOG"\n';

/** A Debian with systemd, apt and neither Docker nor Node.js; apt-get installs `node` in the version given. */
export function makeFakeDevice({ nodeVersion }: { readonly nodeVersion: string }): FakeDevice {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-device-test-'));
  const root = join(folder, 'root');
  const bin = join(folder, 'bin');
  const log = join(folder, 'log');
  for (const path of [bin, join(root, 'etc'), join(root, 'boot/firmware')])
    mkdirSync(path, { recursive: true });
  for (const tool of TOOLS)
    symlinkSync(execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool));
  const inRoot = (path: string) => join(root, path);
  const write = (path: string, contents: string | Buffer) => {
    mkdirSync(dirname(inRoot(path)), { recursive: true });
    writeFileSync(inRoot(path), contents);
  };
  const stub = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  };
  for (const name of ['systemctl', 'dpkg', 'mount']) stub(name, LOGGED);
  for (const name of ['sync', 'sleep']) stub(name, ':');
  const node = `printf '#!/bin/sh\\necho ${nodeVersion}\\n' >"${bin}/node"; chmod 755 "${bin}/node"`;
  const dockerd = `printf '#!/bin/sh\\n' >"${bin}/dockerd"; chmod 755 "${bin}/dockerd"`;
  stub(
    'apt-get',
    `${LOGGED}case "$* " in *install*docker.io*) ${dockerd};; esac\ncase "$* " in *install*nodejs*) ${node};; esac`,
  );
  write('etc/hosts', '127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n');
  write('etc/passwd', 'root:x:0:0:root:/root:/bin/bash\n');
  write('sys/fs/cgroup/cgroup.controllers', 'cpuset cpu io memory pids\n');
  writeFileSync(log, '');
  return {
    root,
    write,
    stub,
    run(script, args = [], env = {}) {
      const child = spawnSync(join(bin, 'sh'), [script, ...args], {
        encoding: 'utf8',
        env: { PATH: bin, LOG: log, PIKELET_ROOT: root, PIKELET_JOIN_WAIT_SECONDS: '2', ...env },
      });
      return { status: child.status, output: `${child.stdout}${child.stderr}` };
    },
    takeCalls() {
      const calls = readFileSync(log, 'utf8').split('\n').filter(Boolean);
      writeFileSync(log, '');
      return calls;
    },
    read: path => readFileSync(inRoot(path), 'utf8'),
    has: path => existsSync(inRoot(path)),
    mode: path => (statSync(inRoot(path)).mode & 0o777).toString(8),
    async mountBoot(image, paths) {
      await withBootPartition(image, 'read', boot => {
        for (const path of paths) {
          const contents = boot.read(path);
          if (contents) write(`boot/firmware/${path}`, contents);
        }
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
