/** Copies an image to a file or a card, and reads a card back to prove it. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { errorCode } from '../../shared/error-code.ts';
import { FlashError } from './flash-error.ts';

const BLOCK_BYTES = 4 * 1024 * 1024;
/** O_DIRECT wants whole logical blocks; no medium has larger ones. */
const DIRECT_ALIGNMENT_BYTES = 4096;

/** Node's types name it without its values. */
declare const WebAssembly: {
  readonly Memory: new (size: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
};

export type WriteTarget =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'device'; readonly path: string; readonly sizeBytes: number };

export type Written = { readonly bytes: number; readonly sha256: string };
/** Told after each block: bytes done so far. */
export type OnProgress = (stage: 'write' | 'verify', bytes: number) => void;

/**
 * Writes all chunks and makes them durable. A file is made anew, with holes for zeros; a device is opened exclusively (EBUSY
 * when it is mounted) and gets every byte. Throws FlashError when the target is too small or full.
 */
export async function writeImage(
  chunks: AsyncIterable<Buffer>,
  target: WriteTarget,
  onProgress: OnProgress,
): Promise<Written> {
  const { O_WRONLY, O_EXCL, O_CREAT, O_TRUNC } = constants;
  // O_EXCL without O_CREAT on a block device: the kernel refuses when anything else holds it.
  const flags = target.kind === 'device' ? O_WRONLY | O_EXCL : O_WRONLY | O_CREAT | O_TRUNC;
  const fd = openSync(target.path, flags, 0o644);
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const block of inBlocks(chunks)) {
      if (target.kind === 'device' && bytes + block.length > target.sizeBytes) {
        throw new FlashError(`--device ${target.path} holds ${target.sizeBytes} bytes: the image is larger`);
      }
      hash.update(block);
      if (target.kind === 'device' || !isZero(block)) writeFully(fd, block, bytes, target.path);
      bytes += block.length;
      onProgress('write', bytes);
    }
    if (target.kind === 'file') ftruncateSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  if (bytes === 0) throw new FlashError('--image is empty');
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads the device back, past the page cache where the kernel allows it, and throws FlashError when it differs. */
export function verifyDevice(path: string, written: Written, onProgress: OnProgress): void {
  flushBuffers(path);
  const hash = createHash('sha256');
  // O_DIRECT needs aligned memory; Buffer.alloc is not, WebAssembly memory begins at a page.
  const block = Buffer.from(new WebAssembly.Memory({ initial: BLOCK_BYTES / 65_536 }).buffer);
  let fd = openForVerify(path);
  try {
    for (let at = 0; at < written.bytes; ) {
      const left = Math.min(BLOCK_BYTES, written.bytes - at);
      const asked = Math.ceil(left / DIRECT_ALIGNMENT_BYTES) * DIRECT_ALIGNMENT_BYTES;
      let got: number;
      try {
        got = readSync(fd, block, 0, asked, at);
      } catch (error) {
        if (errorCode(error) !== 'EINVAL') throw error;
        closeSync(fd);
        fd = openSync(path, 'r');
        got = readSync(fd, block, 0, asked, at);
      }
      if (got === 0)
        throw new FlashError(`--device ${path} ends early when read back: the card is faulty or counterfeit`);
      const used = Math.min(got, left);
      hash.update(block.subarray(0, used));
      at += used;
      onProgress('verify', at);
    }
  } finally {
    closeSync(fd);
  }
  if (hash.digest('hex') !== written.sha256) {
    throw new FlashError(
      `--device ${path} does not read back what was written: the card or its reader is faulty`,
    );
  }
}

async function* inBlocks(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(BLOCK_BYTES);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(block, filled, at);
      filled += copied;
      at += copied;
      if (filled < BLOCK_BYTES) continue;
      yield block;
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}

const ZERO = Buffer.alloc(BLOCK_BYTES);

function isZero(block: Buffer): boolean {
  return block.equals(ZERO.subarray(0, block.length));
}

function writeFully(fd: number, block: Buffer, position: number, path: string): void {
  try {
    for (let at = 0; at < block.length; ) at += writeSync(fd, block, at, block.length - at, position + at);
  } catch (cause) {
    if (errorCode(cause) !== 'ENOSPC') throw cause;
    throw new FlashError(
      `not enough space for ${path}: free some, or choose another place with --output FILE`,
      { cause },
    );
  }
}

function openForVerify(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECT);
  } catch (error) {
    if (errorCode(error) !== 'EINVAL') throw error;
    return openSync(path, 'r');
  }
}

/** Only makes the read-back honest where O_DIRECT is refused, so a machine without the program does without. */
function flushBuffers(path: string): void {
  try {
    execFileSync('blockdev', ['--flushbufs', path], { stdio: 'ignore' });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      throw new FlashError(`cannot flush ${path} before it is read back`, { cause: error });
  }
}
