/** The bytes of an image file, expanded on the way when it is compressed. */
import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { FlashError } from './flash-error.ts';

/** Few, large reads: the target is written in blocks of the same order. */
const READ_BYTES = 1024 * 1024;

/** The file name without its compression suffix; undefined when the name has none of those that can be expanded. */
export function expandedName(image: string): string | undefined {
  return /\.(xz|zst|gz)$/i.test(image) ? image.replace(/\.[^.]+$/, '') : undefined;
}

/**
 * Yields the image from its first byte to its last; a consumer that stops early ends the expansion. `.xz` and `.zst` need the
 * programs of those names. Throws FlashError when one is missing or says that the file is damaged.
 */
export async function* readImage(image: string): AsyncGenerator<Buffer> {
  const suffix = /\.(xz|zst|gz)$/i.exec(image)?.[1]?.toLowerCase();
  if (suffix === 'xz') return yield* expandWith('xz', ['-dc', '-T0'], image);
  if (suffix === 'zst') return yield* expandWith('zstd', ['-dcq'], image);
  const file = createReadStream(image, { highWaterMark: READ_BYTES });
  if (suffix !== 'gz') return yield* file;
  const gunzip = createGunzip({ chunkSize: READ_BYTES });
  file.on('error', error => gunzip.destroy(error));
  try {
    yield* file.pipe(gunzip);
  } catch (cause) {
    throw new FlashError(`--image ${image} is damaged: download it again (gzip: ${messageOf(cause)})`, {
      cause,
    });
  } finally {
    file.destroy();
  }
}

async function* expandWith(program: string, flags: readonly string[], image: string): AsyncGenerator<Buffer> {
  const child = spawn(program, [...flags, '--', image], { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500);
  });
  const ended = new Promise<{ code: number | null; missing: boolean }>(resolve => {
    child.once('error', () => resolve({ code: null, missing: true }));
    child.once('close', code => resolve({ code, missing: false }));
  });
  try {
    yield* child.stdout;
    const { code, missing } = await ended;
    if (missing) {
      const hint = `apt-get install ${program === 'xz' ? 'xz-utils' : program}`;
      throw new FlashError(
        `--image ${image} needs the program ${program}: install it (${hint}) or expand the image first`,
      );
    }
    if (code !== 0) {
      throw new FlashError(
        `--image ${image} is damaged: download it again (${complaint.trim() || `${program} ended with ${code}`})`,
      );
    }
  } finally {
    child.kill();
  }
}

/** What an unknown thrown value says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
