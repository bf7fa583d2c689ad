/** What the server says it is. `gitVersion` is the Kubernetes version whose API it serves; clients compare themselves with it. */

export const PRODUCT_VERSION = '0.1.0';

export const VERSION = {
  major: '1',
  minor: '32',
  gitVersion: `v1.32.0+pikelet.${PRODUCT_VERSION}`,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: 'node',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const;
