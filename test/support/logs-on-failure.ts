/** Shows what a cluster's programs said when a test on it fails. */
import { beforeEach } from 'vitest';
import type { TestCluster } from './cluster.ts';

/** For every test of the file; called at its top. */
export function showLogsOnFailure(cluster: () => Pick<TestCluster, 'logs'> | undefined): void {
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.error(cluster()?.logs() ?? 'the cluster never came up'));
  });
}
