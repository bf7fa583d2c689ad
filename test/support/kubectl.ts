/** The unmodified kubectl that tests use: test/run.sh finds or fetches one. */
import { spawnSync } from 'node:child_process';

const given = process.env.PIKELET_TEST_KUBECTL;

/** Path of a kubectl, 1.32 or newer; undefined where none is to be had. */
export const kubectlPath: string | undefined = given === undefined ? onPath() : given || undefined;

function onPath(): string | undefined {
  return spawnSync('kubectl', ['version', '--client']).status === 0 ? 'kubectl' : undefined;
}
