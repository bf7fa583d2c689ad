/** `pikelet drain`: cordons nodes, evicts their pods and waits until these are gone. */
import { listObjects } from '../api-objects.ts';
import type { GlobalOptions } from '../cli.ts';
import { timeoutMsOf, withDeadline } from '../deadline.ts';
import { CliError, isNotFound, StatusError, UsageError } from '../errors.ts';
import { type JsonObject, listAt, textAt } from '../json.ts';
import { POD } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import { EVICTION_RETRY_MS } from '../limits.ts';
import {
  forEachSelected,
  readSelected,
  type Selected,
  type SelectOptions,
  selectedOf,
} from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';
import { waitGone } from '../wait-gone.ts';
import { markNode, selectNodes } from './cordon.ts';
import { type DrainOptions, planDrain, podName } from './drain-plan.ts';

type Options = GlobalOptions &
  SelectOptions &
  DrainOptions & {
    readonly gracePeriod: string;
    readonly timeout?: string;
    readonly disableEviction?: boolean;
    readonly podSelector?: string;
    readonly dryRun?: string;
  };

export const declareDrain: DeclareVerb = (command, cli) => {
  command
    .argument('[nodes...]')
    .option('-l, --selector <query>', 'nodes with these labels')
    .option('--pod-selector <query>', 'only pods with these labels')
    .option('--ignore-daemonsets', 'leave the pods of DaemonSets where they are')
    .option('--delete-emptydir-data', 'go on even where pods lose the data of an emptyDir')
    .option('--force', 'also pods that nothing will replace')
    .option('--grace-period <seconds>', "seconds that each pod may take to stop; -1 is the pod's own", '-1')
    .option('--timeout <duration>', 'give up after this long', '0s')
    .option('--disable-eviction', 'delete instead of evicting')
    .option('--dry-run <strategy>', 'none, or client: say what would be done')
    .action(async (names: readonly string[]) => {
      const options = command.optsWithGlobals<Options>();
      if (!/^-?\d+$/.test(options.gracePeriod)) throw new UsageError('--grace-period is a number of seconds');
      await withSession(cli, options, async session => {
        const nodes = await selectNodes(session, names, options);
        for (const node of nodes) await readSelected(session, node);
        await forEachSelected(session, nodes, node => drainNode(session, node, options));
      });
    });
};

async function drainNode(session: Session, node: Selected, options: Options): Promise<void> {
  const { api, cli } = session;
  const dry = options.dryRun !== undefined && options.dryRun !== 'none';
  if (!dry) await markNode(session, node, true);
  const query = { fieldSelector: `spec.nodeName=${node.name}`, labelSelector: options.podSelector };
  const { items } = await listObjects(api, POD, query, cli.signal);
  const { evict, warnings, errors } = planDrain(items, options);
  if (errors.length > 0)
    throw new CliError(
      `unable to drain node "${node.name}" due to error: ${errors.length > 1 ? `[${errors.join(', ')}]` : errors[0]}, continuing command...\nThere are pending nodes to be drained:\n ${node.name}\n${errors.join('\n')}`,
    );
  if (warnings.length > 0) cli.say(`Warning: ${warnings.join('; ')}`);
  if (dry) {
    for (const pod of evict) cli.out(`evicting pod ${podName(pod)} (dry run)\n`);
    return;
  }
  const canEvict = !options.disableEviction && evict.length > 0 && (await servesEviction(session));
  const late = `drain did not complete within ${options.timeout}`;
  await withDeadline(cli, timeoutMsOf(options.timeout), late, async signal => {
    await Promise.all(
      evict.map(pod => removePod(session, pod, { canEvict, gracePeriod: options.gracePeriod }, signal)),
    );
  });
  cli.out(`node/${node.name} drained\n`);
}

async function servesEviction({ api, cli }: Session): Promise<boolean> {
  const core = await api.send({ path: '/api/v1' }, cli.signal);
  return listAt(core, 'resources').some(resource => textAt(resource, 'name') === 'pods/eviction');
}

async function removePod(
  session: Session,
  pod: JsonObject,
  options: { readonly canEvict: boolean; readonly gracePeriod: string },
  signal: AbortSignal,
): Promise<void> {
  const { api, cli } = session;
  const selected = selectedOf(POD, pod);
  const gracePeriodSeconds = Number(options.gracePeriod) < 0 ? undefined : Number(options.gracePeriod);
  const deleteOptions = { gracePeriodSeconds, preconditions: { uid: textAt(pod, 'metadata', 'uid') } };
  const { name, namespace } = selected;
  const eviction = {
    apiVersion: 'policy/v1',
    kind: 'Eviction',
    metadata: { name, namespace },
    deleteOptions,
  };
  cli.say(`evicting pod ${podName(pod)}`);
  try {
    if (options.canEvict) await evictPod(session, selected, eviction, signal);
    else {
      const body = { apiVersion: 'v1', kind: 'DeleteOptions', ...deleteOptions };
      await api.send({ method: 'DELETE', path: objectPath(POD, selected), body }, signal);
    }
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  await waitGone(session, selected, textAt(pod, 'metadata', 'uid'), signal);
  cli.out(`pod/${name} evicted\n`);
}

/** A disruption budget answers 429: tried again until the signal ends it. */
async function evictPod(
  { api, cli }: Session,
  pod: Selected,
  body: unknown,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    try {
      await api.send({ method: 'POST', path: objectPath(POD, pod, 'eviction'), body }, signal);
      return;
    } catch (error) {
      if (!(error instanceof StatusError) || error.code !== 429) throw error;
      cli.say(
        `error when evicting pods/"${pod.name}" -n "${pod.namespace}" (will retry after 5s): ${error.message}`,
      );
      await cli.clock.sleep(EVICTION_RETRY_MS, signal);
    }
  }
}
