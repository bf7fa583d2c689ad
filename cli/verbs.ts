/** Every verb by name. A verb's file is loaded only when it is called, which keeps start-up short. */
import type { DeclareVerb } from './verb.ts';

export type VerbEntry = {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  load(): Promise<DeclareVerb>;
};

function verb(
  name: string,
  summary: string,
  load: () => Promise<DeclareVerb>,
  aliases: readonly string[] = [],
): VerbEntry {
  return { name, summary, load, aliases };
}

export const VERBS: readonly VerbEntry[] = [
  verb('get', 'show objects', async () => (await import('./verbs/get.ts')).declareGet),
  verb(
    'describe',
    'show objects in detail, with their events',
    async () => (await import('./verbs/describe.ts')).declareDescribe,
  ),
  verb('logs', 'show what a container printed', async () => (await import('./verbs/logs.ts')).declareLogs, [
    'log',
  ]),
  verb('exec', 'run a command in a container', async () => (await import('./verbs/exec.ts')).declareExec),
  verb(
    'attach',
    'join the process of a container',
    async () => (await import('./verbs/exec.ts')).declareAttach,
  ),
  verb(
    'port-forward',
    'lead ports of this machine to a pod',
    async () => (await import('./verbs/port-forward.ts')).declarePortForward,
  ),
  verb('cp', 'copy files into and out of containers', async () => (await import('./verbs/cp.ts')).declareCp),
  verb('apply', 'make objects as files say', async () => (await import('./verbs/apply.ts')).declareApply),
  verb(
    'create',
    'make new objects from files',
    async () => (await import('./verbs/create.ts')).declareCreate,
  ),
  verb('delete', 'delete objects', async () => (await import('./verbs/delete.ts')).declareDelete),
  verb(
    'scale',
    'set how many pods a workload has',
    async () => (await import('./verbs/scale.ts')).declareScale,
  ),
  verb(
    'rollout',
    'follow, restart and undo rollouts',
    async () => (await import('./verbs/rollout.ts')).declareRollout,
  ),
  verb('wait', 'wait for a condition of objects', async () => (await import('./verbs/wait.ts')).declareWait),
  verb('label', 'set or remove labels', async () => (await import('./verbs/label.ts')).declareLabel),
  verb(
    'annotate',
    'set or remove annotations',
    async () => (await import('./verbs/label.ts')).declareAnnotate,
  ),
  verb('top', 'show the CPU and memory in use', async () => (await import('./verbs/top.ts')).declareTop),
  verb(
    'cordon',
    'let no new pods onto a node',
    async () => (await import('./verbs/cordon.ts')).declareCordon,
  ),
  verb(
    'uncordon',
    'let pods onto a node again',
    async () => (await import('./verbs/cordon.ts')).declareUncordon,
  ),
  verb('drain', 'move all pods off a node', async () => (await import('./verbs/drain.ts')).declareDrain),
  verb('taint', 'set or remove taints of nodes', async () => (await import('./verbs/taint.ts')).declareTaint),
  verb(
    'token',
    'make, list and delete the tokens with which devices join',
    async () => (await import('./verbs/token.ts')).declareToken,
  ),
  verb(
    'flash',
    'prepare an SD card or its image so that the device joins at its first boot',
    async () => (await import('./verbs/flash.ts')).declareFlash,
  ),
  verb(
    'drill',
    'rehearse a failure, and measure how the cluster bears it',
    async () => (await import('./verbs/drill.ts')).declareDrill,
  ),
  verb(
    'cluster-info',
    'show where the cluster answers',
    async () => (await import('./verbs/cluster-info.ts')).declareClusterInfo,
  ),
  verb(
    'dashboard',
    'show the address of the dashboard',
    async () => (await import('./verbs/dashboard.ts')).declareDashboard,
  ),
  verb(
    'api-resources',
    'show what kinds of objects there are',
    async () => (await import('./verbs/api-resources.ts')).declareApiResources,
  ),
  verb('version', 'show versions', async () => (await import('./verbs/version.ts')).declareVersion),
];
