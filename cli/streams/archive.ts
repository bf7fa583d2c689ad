/** Files of this machine to a tar archive and back. Symbolic links are left out coming in: a container is not to be trusted. */
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { lstat, mkdir, readdir, readlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Extract, Pack } from 'tar-stream';

/** Writes a file, or a folder and all below it, under `name`. What is neither file, folder nor link is left out. */
export async function packPath(archive: Pack, path: string, name: string): Promise<void> {
  const found = await lstat(path);
  const header = { name, mode: found.mode & 0o7777, mtime: found.mtime };
  if (found.isDirectory()) {
    archive.entry({ ...header, type: 'directory' });
    for (const child of await readdir(path)) await packPath(archive, join(path, child), `${name}/${child}`);
  } else if (found.isSymbolicLink())
    archive.entry({ ...header, type: 'symlink', linkname: await readlink(path) });
  else if (found.isFile()) {
    const entry = archive.entry({ ...header, size: found.size });
    const content = found.size === 0 ? [] : createReadStream(path, { end: found.size - 1 });
    for await (const piece of content) if (!entry.write(piece)) await once(entry, 'drain');
    entry.end(undefined);
  }
}

/** What takes an archive's bytes, at the pace of whoever unpacks it. */
export function archiveInput(archive: Extract): Writable {
  return new Writable({
    write(piece, _encoding, done) {
      if (archive.write(piece)) done();
      else archive.once('drain', () => done());
    },
    final(done) {
      archive.end(undefined);
      done();
    },
  });
}

/** Writes each entry where `placeOf` says; `onLeftOut` hears of links and the like. Answers how many there were. */
export async function unpackTo(
  archive: Extract,
  placeOf: (name: string) => string,
  onLeftOut: (name: string) => void,
): Promise<number> {
  let count = 0;
  for await (const entry of archive) {
    count++;
    const { name, type = 'file', mode = 0o644 } = entry.header;
    const place = placeOf(name);
    if (type === 'directory') await mkdir(place, { recursive: true });
    else if (type === 'file' || type === 'contiguous-file') {
      await mkdir(dirname(place), { recursive: true });
      await pipeline(entry, createWriteStream(place, { mode: mode & 0o777 }));
      continue;
    } else onLeftOut(name);
    entry.resume();
  }
  return count;
}
