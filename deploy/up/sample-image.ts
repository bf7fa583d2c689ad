/**
 * Makes the samples' image be on the engine: pulled from its registry, or, where none answers, made here of Debian's
 * static busybox under the same name.
 */

import { mkdirSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import type { Clock } from '../../shared/clock.ts';
import { step } from './progress.mjs';
import { asRoot, findProgram, run } from './shell.ts';

/** The one image that every sample uses. */
export const SAMPLE_IMAGE = { repository: 'busybox', tag: '1.36' } as const;
const REFERENCE = `${SAMPLE_IMAGE.repository}:${SAMPLE_IMAGE.tag}`;

/** A registry that says nothing for this long is not there, milliseconds. */
const SILENCE_MS = 10_000;

export type SampleImageDeps = {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly say: (line: string) => void;
  /** Where a downloaded package may be kept. */
  readonly downloads: string;
};

/** Throws UserError when the image can be had neither way. */
export async function ensureSampleImage(deps: SampleImageDeps): Promise<void> {
  if (await hasImage(deps.docker)) return;
  const isPulled = await step(`pulling ${REFERENCE} for the samples`, () => pull(deps));
  if (isPulled) return;
  await step(`making ${REFERENCE} for the samples`, async () => {
    await makeImage(deps.docker, await staticBusybox(deps.downloads));
  });
  deps.say(`no registry answers: made the samples' image ${REFERENCE} of Debian's busybox`);
}

async function hasImage(docker: Docker): Promise<boolean> {
  const images = await docker.listImages({ filters: { reference: [REFERENCE] } });
  return images.length > 0;
}

/** True when the engine has pulled it; false when its registry cannot be reached or stays silent. */
async function pull({ docker, clock }: SampleImageDeps): Promise<boolean> {
  const silence = new AbortController();
  const giveUp = () => silence.abort(new Error('the registry says nothing'));
  let cancel = clock.after(SILENCE_MS, giveUp);
  try {
    const stream = await docker.pull(REFERENCE, { abortSignal: silence.signal });
    await new Promise<void>((resolve, reject) => {
      silence.signal.addEventListener('abort', () => reject(silence.signal.reason), { once: true });
      docker.modem.followProgress(
        stream,
        error => (error ? reject(error) : resolve()),
        () => {
          cancel();
          cancel = clock.after(SILENCE_MS, giveUp);
        },
      );
    });
    return true;
  } catch {
    // Whatever the reason, what follows is the same: the image is made here, and the person is told.
    return false;
  } finally {
    cancel();
  }
}

/** Path of a busybox that needs no library: the installed one, or the one of a package that is only unpacked. */
async function staticBusybox(downloads: string): Promise<string> {
  const installed = findProgram('busybox');
  if (installed !== undefined && (await isStatic(installed))) return installed;
  // Unpacked, not installed: busybox-static would push out the busybox that a machine's boot may use.
  mkdirSync(downloads, { recursive: true });
  const download = () => run(['apt-get', 'download', '-qq', 'busybox-static'], { cwd: downloads });
  try {
    await download();
  } catch {
    // A fresh machine has no package lists yet.
    await run(asRoot(['apt-get', 'update', '-qq'], 'reading the package lists'));
    await download();
  }
  const archive = readdirSync(downloads).find(name => /^busybox-static_.*\.deb$/.test(name)) ?? '';
  await run(['dpkg-deb', '-x', archive, 'busybox'], { cwd: downloads });
  const folder = join(downloads, 'busybox');
  return join(folder, readdirSync(folder).includes('bin') ? 'bin/busybox' : 'usr/bin/busybox');
}

/** True when the kernel needs no interpreter to run it: an ELF file without PT_INTERP names no loader. */
async function isStatic(path: string): Promise<boolean> {
  return !(await readFile(path)).subarray(0, 4096).includes('/ld-linux');
}

async function makeImage(docker: Docker, busybox: string): Promise<void> {
  const applets = (await run([busybox, '--list']))
    .split('\n')
    .filter(name => name !== '' && name !== 'busybox');
  const tar = pack();
  for (const name of ['bin', 'etc', 'root', 'tmp', 'var', 'var/www']) {
    tar.entry({ name: `${name}/`, type: 'directory', mode: name === 'tmp' ? 0o1777 : 0o755 });
  }
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, await readFile(busybox));
  for (const name of applets) tar.entry({ name: `bin/${name}`, type: 'symlink', linkname: 'busybox' });
  tar.entry(
    { name: 'etc/passwd' },
    'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  tar.entry({ name: 'etc/group' }, 'root:x:0:\nnogroup:x:65534:\n');
  tar.finalize();
  const answer = await docker.importImage(Readable.from(tar), {
    repo: SAMPLE_IMAGE.repository,
    tag: SAMPLE_IMAGE.tag,
    message: "made on this machine by Pikelet of Debian's busybox-static",
    changes: ['CMD ["sh"]', 'ENV PATH=/bin', 'LABEL dev.pikelet.made=locally'],
  });
  await new Promise<void>((resolve, reject) =>
    docker.modem.followProgress(answer, error => (error ? reject(error) : resolve())),
  );
}
