/** The kernel's files of a device that a test makes up. */
import type { SystemFiles } from '../../node-agent/node-info/system-files.ts';

/** Files by absolute path; folders follow from them. */
export function systemFilesOf(files: Readonly<Record<string, string | undefined>>): SystemFiles {
  return {
    read: path => files[path]?.replaceAll('\0', '').trim() || undefined,
    list: folder => [
      ...new Set(
        Object.keys(files)
          .filter(path => path.startsWith(`${folder}/`))
          .map(path => path.slice(folder.length + 1).split('/')[0] ?? '')
          .sort(),
      ),
    ],
  };
}
