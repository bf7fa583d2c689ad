/** `pikelet logs`: of one pod, of a workload's pods, or of all that a selector finds. */
import { listObjects } from '../api-objects.ts';
import type { GlobalOptions } from '../cli.ts';
import { linesOf, type Query } from '../connection/api-client.ts';
import { parseDurationMs } from '../duration.ts';
import { CliError, UsageError } from '../errors.ts';
import { chooseContainer, findPod } from '../find-pod.ts';
import { type JsonObject, listAt, textAt } from '../json.ts';
import { POD } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import { LOG_STREAMS_MAX } from '../limits.ts';
import { type Session, withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';

type LogsOptions = GlobalOptions & {
  readonly follow?: boolean;
  readonly previous?: boolean;
  readonly container?: string;
  readonly allContainers?: boolean;
  readonly selector?: string;
  readonly tail?: string;
  readonly since?: string;
  readonly sinceTime?: string;
  readonly limitBytes?: string;
  readonly timestamps?: boolean;
  readonly prefix?: boolean;
  readonly maxLogRequests: string;
};

/** kubectl's default when a selector may find many pods. */
const TAIL_OF_MANY = '10';

export const declareLogs: DeclareVerb = (command, cli) => {
  command
    .argument('[target]', 'web-1, pod/web-1, deploy/web …')
    .argument('[container]')
    .option('-f, --follow', 'go on as new lines come')
    .option('-p, --previous', 'of the instance before the last restart')
    .option('-c, --container <name>', 'of this container')
    .option('--all-containers', 'of all containers of the pod')
    .option('-l, --selector <query>', 'of all pods with these labels')
    .option('--tail <lines>', 'only the last lines')
    .option('--since <duration>', 'only what is newer than this, such as 5m')
    .option('--since-time <time>', 'only what is newer than this time')
    .option('--limit-bytes <count>', 'at most this much')
    .option('--timestamps', 'a time before each line')
    .option('--prefix', 'pod and container before each line')
    .option('--max-log-requests <count>', 'streams followed at once', String(LOG_STREAMS_MAX))
    .action(async (target: string | undefined, container: string | undefined) => {
      const options = command.optsWithGlobals<LogsOptions>();
      const all = { ...options, container: options.container ?? container };
      await withSession(cli, options, session => logs(session, target, all));
    });
};

type Source = { readonly pod: string; readonly container: string };

async function logs(session: Session, target: string | undefined, options: LogsOptions): Promise<void> {
  const query = queryOf(options);
  const pods = await podsOf(session, target, options);
  const sources = pods.flatMap(pod => sourcesOf(session, pod, options));
  if (options.follow && sources.length > Number(options.maxLogRequests))
    throw new CliError(
      `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${options.maxLogRequests}, use --max-log-requests to increase the limit`,
    );
  const print = async ({ pod, container }: Source) => {
    const path = objectPath(POD, { namespace: session.namespace, name: pod }, 'log');
    const bytes = session.api.stream(
      { path, query: { ...query, container }, accept: '*/*' },
      session.cli.signal,
    );
    if (!options.prefix && sources.length === 1) {
      const decoder = new TextDecoder();
      for await (const chunk of bytes) session.cli.out(decoder.decode(chunk, { stream: true }));
      return;
    }
    const prefix = options.prefix ? `[pod/${pod}/${container}] ` : '';
    for await (const line of linesOf(bytes)) session.cli.out(`${prefix}${line}\n`);
  };
  if (options.follow) await Promise.all(sources.map(print));
  else for (const source of sources) await print(source);
}

function queryOf(options: LogsOptions): Query {
  const tail = options.tail ?? (options.selector === undefined ? undefined : TAIL_OF_MANY);
  if (tail !== undefined && !/^-?\d+$/.test(tail))
    throw new UsageError(`--tail ${JSON.stringify(tail)} is not a number`);
  const sinceMs = options.since === undefined ? undefined : parseDurationMs(options.since);
  if (options.since !== undefined && sinceMs === undefined)
    throw new UsageError(`--since ${JSON.stringify(options.since)} is not a duration such as 5s, 2m or 3h`);
  return {
    follow: options.follow,
    previous: options.previous,
    timestamps: options.timestamps,
    tailLines: tail === undefined || Number(tail) < 0 ? undefined : tail,
    sinceSeconds: sinceMs ? Math.ceil(sinceMs / 1000) : undefined,
    sinceTime: options.sinceTime,
    limitBytes: options.limitBytes,
  };
}

async function podsOf(
  session: Session,
  target: string | undefined,
  options: LogsOptions,
): Promise<readonly JsonObject[]> {
  const { api, namespace, cli } = session;
  if (options.selector !== undefined) {
    if (target !== undefined) throw new UsageError('only a selector (-l) or a POD name is allowed');
    const { items } = await listObjects(api, POD, { namespace, labelSelector: options.selector }, cli.signal);
    if (items.length === 0) cli.say(`No resources found in ${namespace} namespace.`);
    return items;
  }
  if (target === undefined)
    throw new UsageError("expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'");
  const { pod, name, count } = await findPod(session, target);
  if (count > 1) cli.say(`Found ${count} pods, using pod/${name}`);
  return [pod];
}

function sourcesOf(session: Session, pod: JsonObject, options: LogsOptions): readonly Source[] {
  const name = textAt(pod, 'metadata', 'name') ?? '';
  const names = ['initContainers', 'containers'].flatMap(list =>
    listAt(pod, 'spec', list).map(container => textAt(container, 'name') ?? ''),
  );
  if (options.allContainers) return names.map(container => ({ pod: name, container }));
  return [{ pod: name, container: chooseContainer(pod, options.container, session.cli.say) }];
}
