/** Which kubeconfig files to read. Pure but for the question whether a file exists. */
import { delimiter, dirname, join, resolve } from 'node:path';

export type Places = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  readonly installDir: string;
};

export type Located = {
  /** Absolute paths, the most important first; empty when there is nothing to read. */
  readonly paths: readonly string[];
  /** True when the user named them: a missing file is then an error. */
  readonly named: boolean;
};

/** What `npm run up` writes into a data folder. */
export const ADMIN_KUBECONFIG = 'admin.kubeconfig';
const DATA_DIR = '.pikelet';

/**
 * `--kubeconfig`, then `--data-dir`, then KUBECONFIG (a list), then the nearest `.pikelet` from the working directory
 * upwards, then the one beside the program, then `~/.kube/config`.
 */
export function locateKubeconfig(
  options: { readonly kubeconfig?: string; readonly dataDir?: string },
  places: Places,
  exists: (path: string) => boolean,
): Located {
  const { env, cwd, home, installDir } = places;
  if (options.kubeconfig) return { paths: [resolve(cwd, options.kubeconfig)], named: true };
  if (options.dataDir) return { paths: [resolve(cwd, options.dataDir, ADMIN_KUBECONFIG)], named: true };
  const listed = (env.KUBECONFIG ?? '').split(delimiter).filter(path => path !== '');
  if (listed.length > 0) return { paths: listed.map(path => resolve(cwd, path)), named: true };
  const candidates = [
    ...foldersUpwards(cwd).map(dir => join(dir, DATA_DIR, ADMIN_KUBECONFIG)),
    join(installDir, DATA_DIR, ADMIN_KUBECONFIG),
    join(home, '.kube', 'config'),
  ];
  const found = candidates.find(exists);
  return { paths: found === undefined ? [] : [found], named: false };
}

function foldersUpwards(start: string): string[] {
  const folders = [start];
  for (let dir = start; dirname(dir) !== dir; ) {
    dir = dirname(dir);
    folders.push(dir);
  }
  return folders;
}
