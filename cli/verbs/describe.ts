/** `pikelet describe`: reads an object and what surrounds it, and prints them in kubectl's layout. */
import { getObject, listObjects } from '../api-objects.ts';
import type { GlobalOptions } from '../cli.ts';
import { eventLines } from '../describe/events.ts';
import type { Lines } from '../describe/lines.ts';
import { describeNode } from '../describe/node.ts';
import { describeAny, describeConfigMap, describeNamespace, describeSecret } from '../describe/plain.ts';
import { describePod } from '../describe/pod.ts';
import {
  describeDaemonSet,
  describeDeployment,
  describeReplicaSet,
  type PodCounts,
} from '../describe/workload.ts';
import { isNotFound, throwCollected } from '../errors.ts';
import { type JsonObject, listAt, textAt } from '../json.ts';
import { EVENT, LEASE, NAMESPACE, POD, REPLICA_SET, SECRET } from '../kinds/builtin.ts';
import type { Kind } from '../kinds/kind.ts';
import { parseTargets, type Target } from '../kinds/targets.ts';
import { readManifests } from '../manifests.ts';
import { alignTabs } from '../print/columns.ts';
import { selectorText } from '../print/selector-text.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';

type DescribeOptions = GlobalOptions & {
  readonly selector?: string;
  readonly allNamespaces?: boolean;
  readonly showEvents: boolean;
  readonly filename?: readonly string[];
};

export const declareDescribe: DeclareVerb = (command, cli) => {
  command
    .argument('[type]', 'nodes, pod web-1, deploy/web …')
    .argument('[names...]', 'names, or how they begin')
    .option('-l, --selector <query>', 'label selector')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-f, --filename <file>', 'the objects of these files', collectList)
    .option('--show-events', 'end with the events', true)
    .option('--no-show-events', 'leave the events out')
    .action(async (type: string | undefined, names: readonly string[]) => {
      const options = command.optsWithGlobals<DescribeOptions>();
      await withSession(cli, options, async session => {
        const targets =
          options.filename === undefined
            ? await parseTargets(type === undefined ? [] : [type, ...names], session.kinds)
            : (await readManifests(session, options.filename)).map(({ kind, name }) => ({
                kind,
                names: [name],
              }));
        await describeTargets(session, targets, options);
      });
    });
};

/** Kinds whose description does not end with events. */
const WITHOUT_EVENTS = [NAMESPACE.kind, SECRET.kind];

async function describeTargets(
  session: Session,
  targets: readonly Target[],
  options: DescribeOptions,
): Promise<void> {
  const errors: unknown[] = [];
  const found: { kind: Kind; object: JsonObject }[] = [];
  for (const target of targets) {
    for (const object of await findObjects(session, target, options, error => errors.push(error)))
      found.push({ kind: target.kind, object });
  }
  for (const [index, { kind, object }] of found.entries()) {
    const lines = await describeObject(session, kind, object);
    const withEvents = options.showEvents && !WITHOUT_EVENTS.includes(kind.kind);
    const events = withEvents ? await eventsOf(session, kind, object) : [];
    // A table of events has columns of its own; the word that there are none stands in the description's.
    const text = events.length > 1 ? alignTabs(lines) + alignTabs(events) : alignTabs([...lines, ...events]);
    session.cli.out(`${index > 0 ? '\n\n' : ''}${text}`);
  }
  if (found.length === 0 && errors.length === 0) {
    const scoped = targets.some(target => target.kind.namespaced) && !options.allNamespaces;
    session.cli.say(scoped ? `No resources found in ${session.namespace} namespace.` : 'No resources found');
  }
  throwCollected(errors);
}

/** A name that no object has may be how names begin, as kubectl has it. */
async function findObjects(
  session: Session,
  { kind, names }: Target,
  options: DescribeOptions,
  collectError: (error: unknown) => void,
): Promise<readonly JsonObject[]> {
  const { api, cli } = session;
  const namespace = kind.namespaced && !options.allNamespaces ? session.namespace : undefined;
  const list = async () => {
    const { items } = await listObjects(
      api,
      kind,
      { namespace, labelSelector: options.selector },
      cli.signal,
    );
    return items;
  };
  if (names.length === 0) return list();
  const found: JsonObject[] = [];
  for (const name of names) {
    try {
      found.push(await getObject(api, kind, { namespace, name }, cli.signal));
    } catch (error) {
      const begun = isNotFound(error)
        ? (await list()).filter(item => textAt(item, 'metadata', 'name')?.startsWith(name))
        : [];
      if (begun.length === 0) collectError(error);
      found.push(...begun);
    }
  }
  return found;
}

async function describeObject(session: Session, kind: Kind, object: JsonObject): Promise<Lines> {
  const { api, cli } = session;
  const namespace = textAt(object, 'metadata', 'namespace');
  switch (`${kind.group}/${kind.kind}`) {
    case '/Pod':
      return describePod(object);
    case '/Node': {
      const name = textAt(object, 'metadata', 'name') ?? '';
      const [{ items: pods }, lease] = await Promise.all([
        listObjects(api, POD, { fieldSelector: `spec.nodeName=${name}` }, cli.signal),
        getObject(api, LEASE, { namespace: 'kube-node-lease', name }, cli.signal).catch(error => {
          if (isNotFound(error)) return undefined;
          throw error;
        }),
      ]);
      return describeNode(object, { pods, lease, nowMs: cli.clock.nowMs() });
    }
    case 'apps/Deployment': {
      const query = { namespace, labelSelector: selectorText(object) };
      const { items } = await listObjects(api, REPLICA_SET, query, cli.signal);
      return describeDeployment(
        object,
        items.filter(item => isOwned(item, object)),
      );
    }
    case 'apps/ReplicaSet':
      return describeReplicaSet(object, await countPods(session, object));
    case 'apps/DaemonSet':
      return describeDaemonSet(object, await countPods(session, object));
    case '/ConfigMap':
      return describeConfigMap(object);
    case '/Secret':
      return describeSecret(object);
    case '/Namespace':
      return describeNamespace(object);
    default:
      return describeAny(object);
  }
}

function isOwned(item: JsonObject, owner: JsonObject): boolean {
  const uid = textAt(owner, 'metadata', 'uid');
  return listAt(item, 'metadata', 'ownerReferences').some(reference => textAt(reference, 'uid') === uid);
}

async function countPods({ api, cli }: Session, object: JsonObject): Promise<PodCounts> {
  const query = { namespace: textAt(object, 'metadata', 'namespace'), labelSelector: selectorText(object) };
  const { items } = await listObjects(api, POD, query, cli.signal);
  const counts: Record<string, number> = {};
  for (const pod of items.filter(item => isOwned(item, object))) {
    const phase = textAt(pod, 'status', 'phase') ?? '';
    counts[phase] = (counts[phase] ?? 0) + 1;
  }
  return counts;
}

/** Events of the whole cluster's objects lie in namespace default. */
async function eventsOf({ api, cli }: Session, kind: Kind, object: JsonObject): Promise<Lines> {
  const namespace = textAt(object, 'metadata', 'namespace');
  const terms = [
    `involvedObject.name=${textAt(object, 'metadata', 'name')}`,
    `involvedObject.kind=${kind.kind}`,
    ...(namespace === undefined ? [] : [`involvedObject.namespace=${namespace}`]),
  ];
  const { items } = await listObjects(api, EVENT, { namespace, fieldSelector: terms.join(',') }, cli.signal);
  const uid = textAt(object, 'metadata', 'uid');
  // Events about a node may carry its name in place of its uid, as kubelets have always written them.
  const ours = items.filter(
    event => kind.kind === 'Node' || (textAt(event, 'involvedObject', 'uid') ?? uid) === uid,
  );
  return eventLines(ours, cli.clock.nowMs());
}
