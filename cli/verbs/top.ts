/** `pikelet top nodes|pods`, from metrics.k8s.io. */

import type { Command } from 'commander';
import { listObjects } from '../api-objects.ts';
import type { GlobalOptions } from '../cli.ts';
import { CliError, isNotFound, UsageError } from '../errors.ts';
import { type JsonObject, textAt } from '../json.ts';
import { NODE } from '../kinds/builtin.ts';
import type { Kind } from '../kinds/kind.ts';
import { alignRows, columnWidths } from '../print/columns.ts';
import { toJson } from '../print/output.ts';
import { type Session, withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';
import { nodeTopRows, podTopRows } from './top-rows.ts';

type TopOptions = GlobalOptions & {
  readonly selector?: string;
  readonly sortBy?: string;
  readonly headers: boolean;
  readonly allNamespaces?: boolean;
  readonly containers?: boolean;
  readonly showCapacity?: boolean;
  readonly output?: string;
};

const METRICS = {
  group: 'metrics.k8s.io',
  version: 'v1beta1',
  shortNames: [],
  categories: [],
  verbs: ['get', 'list'],
};
const NODE_METRICS: Kind = {
  ...METRICS,
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  namespaced: false,
};
const POD_METRICS: Kind = { ...METRICS, kind: 'PodMetrics', plural: 'pods', singular: '', namespaced: true };

export const declareTop: DeclareVerb = (command, cli) => {
  const nodes = shared(
    command.command('nodes').aliases(['node', 'no']).description('CPU and memory of nodes'),
  )
    .argument('[name]')
    .option('--show-capacity', 'percent of capacity instead of allocatable')
    .action(async (name: string | undefined) => {
      const options = nodes.optsWithGlobals<TopOptions>();
      await withSession(cli, options, session => topNodes(session, name, options));
    });
  const pods = shared(command.command('pods').aliases(['pod', 'po']).description('CPU and memory of pods'))
    .argument('[name]')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--containers', 'of each container')
    .action(async (name: string | undefined) => {
      const options = pods.optsWithGlobals<TopOptions>();
      await withSession(cli, options, session => topPods(session, name, options));
    });
};

function shared(command: Command): Command {
  return command
    .option('-l, --selector <query>', 'label selector')
    .option('--sort-by <field>', 'cpu or memory')
    .option('--no-headers', 'print no column titles')
    .option('-o, --output <form>', 'json');
}

async function metricsOf(
  session: Session,
  kind: Kind,
  query: { namespace?: string; labelSelector?: string },
  name?: string,
) {
  const { items } = await readMetrics(session, kind, query);
  const found = name === undefined ? items : items.filter(item => textAt(item, 'metadata', 'name') === name);
  if (name !== undefined && found.length === 0)
    throw new CliError(`no metrics of ${kind.plural} "${name}": it does not exist, or has not reported yet`);
  return found;
}

async function readMetrics(
  session: Session,
  kind: Kind,
  query: { namespace?: string; labelSelector?: string },
) {
  try {
    return await listObjects(session.api, kind, query, session.cli.signal);
  } catch (error) {
    if (isNotFound(error)) throw new CliError('Metrics API not available', { cause: error });
    throw error;
  }
}

async function topNodes(session: Session, name: string | undefined, options: TopOptions): Promise<void> {
  const query = { labelSelector: options.selector };
  const [metrics, { items: nodes }] = await Promise.all([
    metricsOf(session, NODE_METRICS, query, name),
    listObjects(session.api, NODE, query, session.cli.signal),
  ]);
  const limits = options.showCapacity ? 'capacity' : 'allocatable';
  const wanted = name === undefined ? nodes : nodes.filter(node => textAt(node, 'metadata', 'name') === name);
  print(session, metrics, nodeTopRows(metrics, wanted, { limits, sortBy: sortOf(options) }), options);
}

async function topPods(session: Session, name: string | undefined, options: TopOptions): Promise<void> {
  const namespace = options.allNamespaces ? undefined : session.namespace;
  const metrics = await metricsOf(session, POD_METRICS, { namespace, labelSelector: options.selector }, name);
  if (metrics.length === 0)
    session.cli.say(
      namespace === undefined ? 'No resources found' : `No resources found in ${namespace} namespace.`,
    );
  else
    print(
      session,
      metrics,
      podTopRows(metrics, {
        withNamespace: options.allNamespaces ?? false,
        containers: options.containers ?? false,
        sortBy: sortOf(options),
      }),
      options,
    );
}

function sortOf({ sortBy }: TopOptions): 'cpu' | 'memory' | undefined {
  if (sortBy === undefined || sortBy === 'cpu' || sortBy === 'memory') return sortBy;
  throw new UsageError('--sort-by accepts only cpu or memory');
}

function print(
  session: Session,
  metrics: readonly JsonObject[],
  rows: readonly (readonly string[])[],
  options: TopOptions,
): void {
  if (options.output === 'json') {
    session.cli.out(toJson({ items: metrics }));
    return;
  }
  if (options.output !== undefined) throw new UsageError('top prints a table, or JSON with -o json');
  const shown = options.headers ? rows : rows.slice(1);
  session.cli.out(alignRows(shown, columnWidths(shown)));
}
