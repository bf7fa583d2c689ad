/** What `/version` answers; clients compare `gitVersion` with their own. */
import { GIT_VERSION, KUBERNETES_VERSION } from '../../shared/version.ts';

const [major = '', minor = ''] = KUBERNETES_VERSION.slice(1).split('.');

export const VERSION = {
  major,
  minor,
  gitVersion: GIT_VERSION,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;
