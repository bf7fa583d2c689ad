/** What the words of `cp` mean, and where what comes out of a container may go. Pure. */
import { posix } from 'node:path';
import { CliError, UsageError } from '../errors.ts';

/** `pod` is absent for a path of this machine. */
export type CopyPath = { readonly namespace?: string; readonly pod?: string; readonly path: string };

/** `[[namespace/]pod:]path`. Throws UsageError. */
export function parseCopyPath(word: string): CopyPath {
  const colon = word.indexOf(':');
  // A path of this machine may hold a colon behind its first slash, dot or tilde.
  if (colon < 0 || /^[./~]/.test(word)) return { path: word };
  const [before, path] = [word.slice(0, colon), word.slice(colon + 1)];
  const [first = '', second, ...more] = before.split('/');
  if (first === '' || second === '' || more.length > 0 || path === '')
    throw new UsageError(`${JSON.stringify(word)} is no [[namespace/]pod:]file/path`);
  return second === undefined ? { pod: first, path } : { namespace: first, pod: second, path };
}

/** How tar names entries below `path`: without the leading slash. */
export function archivedPath(path: string): string {
  const normal = posix.normalize(path).replace(/^\/+/, '').replace(/\/+$/, '');
  return normal === '' ? '.' : normal;
}

/** Where an entry lies below the copied path, '' for the path itself. Throws CliError for one that would leave it: a container is not to be trusted. */
export function relativeEntry(name: string, archived: string): string {
  const normal = archivedPath(name);
  const inside =
    archived === '.'
      ? normal
      : normal === archived
        ? ''
        : normal.startsWith(`${archived}/`)
          ? normal.slice(archived.length + 1)
          : '..';
  if (inside.split('/').includes('..'))
    throw new CliError(
      `the container sent ${JSON.stringify(name)}, which lies outside of what was asked for`,
    );
  return inside === '.' ? '' : inside;
}
