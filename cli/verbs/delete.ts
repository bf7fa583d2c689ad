/** `pikelet delete`: says each object's deletion, then waits until all of them are gone. */
import type { GlobalOptions } from '../cli.ts';
import { timeoutMsOf, withDeadline } from '../deadline.ts';
import { isNotFound, UsageError } from '../errors.ts';
import { textAt } from '../json.ts';
import { objectPath, qualifiedSingular } from '../kinds/kind.ts';
import { forEachSelected, type Selected, type SelectOptions, selectObjects } from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';
import { waitGone } from '../wait-gone.ts';
import { dryRunQuery, dryRunSuffix, parseDryRun } from './write-options.ts';

type DeleteOptions = GlobalOptions &
  SelectOptions & {
    readonly ignoreNotFound?: boolean;
    readonly gracePeriod?: string;
    readonly force?: boolean;
    readonly now?: boolean;
    readonly wait: boolean;
    readonly timeout?: string;
    readonly cascade: string;
    readonly output?: string;
    readonly dryRun?: string;
  };

export const declareDelete: DeclareVerb = (command, cli) => {
  command
    .argument('[type]', 'pods, deploy/web, pod web-1 …')
    .argument('[names...]')
    .option('-f, --filename <file>', 'a file, a folder, or - for stdin', collectList)
    .option('-R, --recursive', 'folders within folders too')
    .option('-l, --selector <query>', 'label selector')
    .option('--field-selector <query>', 'field selector')
    .option('--all', 'all objects of the type in the namespace')
    .option('-A, --all-namespaces', 'with a selector or --all: in every namespace')
    .option('--ignore-not-found', 'an object that is not there counts as deleted')
    .option('--grace-period <seconds>', 'seconds that a pod may take to stop')
    .option('--now', 'the same as --grace-period=1')
    .option('--force', 'remove at once, without waiting for the device; with --grace-period=0')
    .option('--wait', 'wait until all are gone', true)
    .option('--no-wait', 'return at once')
    .option('--timeout <duration>', 'wait at most this long')
    .option('--cascade <way>', 'what becomes of dependents: background, foreground or orphan', 'background')
    .option('-o, --output <form>', 'name')
    .option('--dry-run <strategy>', 'none, server or client')
    .action(async (type: string | undefined, names: readonly string[]) => {
      const options = command.optsWithGlobals<DeleteOptions>();
      const words = type === undefined ? [] : [type, ...names];
      await withSession(cli, options, session => deleteObjects(session, words, options));
    });
};

const PROPAGATION: Readonly<Record<string, string>> = {
  background: 'Background',
  foreground: 'Foreground',
  orphan: 'Orphan',
};

/** Seconds, or undefined for the pod's own. Throws UsageError for what contradicts itself, with kubectl's rules. */
export function gracePeriodOf(
  options: Pick<DeleteOptions, 'gracePeriod' | 'now' | 'force'>,
): number | undefined {
  const given = options.gracePeriod === undefined ? undefined : Number(options.gracePeriod);
  if (given !== undefined && !Number.isInteger(given))
    throw new UsageError(
      `--grace-period ${JSON.stringify(options.gracePeriod)} is not a whole number of seconds`,
    );
  const wanted = given !== undefined && given >= 0 ? given : undefined;
  if (options.now && wanted !== undefined)
    throw new UsageError('--now and --grace-period cannot be specified together');
  if (options.now) return 1;
  if (options.force) {
    if (wanted !== undefined && wanted > 0)
      throw new UsageError('--force and --grace-period greater than 0 cannot be specified together');
    return 0;
  }
  // Without --force, 0 would leave containers behind on a device that is away: kubectl takes it as 1, and so do we.
  return wanted === 0 ? 1 : wanted;
}

async function deleteObjects(
  session: Session,
  words: readonly string[],
  options: DeleteOptions,
): Promise<void> {
  const { api, cli } = session;
  const propagationPolicy = PROPAGATION[options.cascade];
  if (propagationPolicy === undefined) throw new UsageError(`invalid cascade value (${options.cascade})`);
  const gracePeriodSeconds = gracePeriodOf(options);
  const dryRun = parseDryRun(options.dryRun);
  if (options.force)
    cli.say(
      'Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.',
    );
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, gracePeriodSeconds };
  const selected = await selectObjects(session, words, options);
  if (selected.length === 0) cli.say('No resources found');
  const deleted: { object: Selected; uid: string | undefined }[] = [];
  await forEachSelected(session, selected, async object => {
    const path = objectPath(object.kind, object);
    try {
      const answer =
        dryRun === 'client'
          ? undefined
          : await api.send({ method: 'DELETE', path, query: dryRunQuery(dryRun), body }, cli.signal);
      deleted.push({ object, uid: textAt(answer, 'details', 'uid') ?? textAt(answer, 'metadata', 'uid') });
    } catch (error) {
      if ((options.ignoreNotFound || options.all) && isNotFound(error)) return;
      throw error;
    }
    const name = qualifiedSingular(object.kind);
    cli.out(
      options.output === 'name'
        ? `${name}/${object.name}\n`
        : `${name} "${object.name}" ${options.force ? 'force deleted' : 'deleted'}${dryRunSuffix(dryRun)}\n`,
    );
  });
  if (!options.wait || dryRun !== undefined) return;
  await withDeadline(
    cli,
    timeoutMsOf(options.timeout),
    'timed out waiting for the condition',
    async signal => {
      await Promise.all(deleted.map(({ object, uid }) => waitGone(session, object, uid, signal)));
    },
  );
}
