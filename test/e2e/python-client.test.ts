/** Kubernetes's own Python client, as Debian packages it, against a real cluster: each step of test/e2e/python is a test. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../shared/clock.ts';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';

/** Debian's: another one in PATH does not see its packages. */
const PROGRAM = ['/usr/bin/python3', '-B', 'test/e2e/python/run_steps.py'] as const;
const AFTER_RESTART = 'lists again after 410';

/** A client that hangs in one step is ended, so that the others say so at once. */
const STEP_WITHIN_MS = 120_000;

/** Names of the steps. Throws where Python or its client is missing: test/run.sh installs them. */
function stepNames(): readonly string[] {
  const [python, ...args] = PROGRAM;
  const { stdout, stderr, error } = spawnSync(python, [...args, '--list'], { encoding: 'utf8' });
  if (error !== undefined || stdout === '')
    throw new Error(`apt-get install python3-kubernetes: ${error?.message ?? stderr}`);
  return JSON.parse(stdout);
}

let cluster: TestCluster;
let client: ReturnType<typeof startClient>;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  client = startClient(cluster.kubeconfig);
});
afterAll(async () => {
  await client?.end();
  await cluster?.stop();
});
showLogsOnFailure(() => cluster);

/** One Python for all steps: what it has opened and cached goes on from step to step, as in a program. */
function startClient(kubeconfig: string) {
  const [python, ...args] = PROGRAM;
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const child = spawn(python, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  // Of a client that has ended: its steps say so.
  child.stdin.on('error', () => undefined);
  const answers = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    /** The step's error; null when it went well. */
    async run(step: string): Promise<string | null> {
      const cancel = systemClock.after(STEP_WITHIN_MS, () => child.kill('SIGKILL'));
      child.stdin.write(`${step}\n`);
      const answer = await answers.next();
      cancel();
      return answer.done ? 'the client has ended, or took too long' : JSON.parse(answer.value).error;
    },
    async end(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

describe('python3-kubernetes', () => {
  it.each(stepNames())('%s', async step => {
    if (step === AFTER_RESTART) {
      await cluster.killMaster();
      await cluster.startMaster();
    }
    const error = await client.run(step);
    if (error !== null) expect.fail(error);
  });
});
