/** `pikelet rollout status|restart|history|undo|pause|resume`. */

import type { Command } from 'commander';
import { isRecord } from '../../shared/is-record.ts';
import { getObject, listObjects, withName } from '../api-objects.ts';
import type { Cli, GlobalOptions } from '../cli.ts';
import { timeoutMsOf, withDeadline } from '../deadline.ts';
import { CliError, UsageError } from '../errors.ts';
import { followObjects } from '../follow.ts';
import { at, type JsonObject, listAt, objectAt, textAt } from '../json.ts';
import { REPLICA_SET } from '../kinds/builtin.ts';
import { objectPath, qualifiedSingular } from '../kinds/kind.ts';
import { alignTabs, TABLE_STYLE } from '../print/columns.ts';
import { selectorText } from '../print/selector-text.ts';
import {
  forEachSelected,
  readSelected,
  type Selected,
  type SelectOptions,
  selectObjects,
} from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';
import { rolloutStatus } from './rollout-status.ts';

type RolloutOptions = GlobalOptions &
  SelectOptions & { readonly timeout?: string; readonly watch?: boolean; readonly toRevision?: string };

export const declareRollout: DeclareVerb = (command, cli) => {
  sub(command, cli, 'status', 'wait until a rollout is done', status)
    .option('-w, --watch', 'go on until it is done', true)
    .option('--no-watch', 'say how far it is, and return')
    .option('--timeout <duration>', 'wait at most this long');
  sub(command, cli, 'restart', 'replace all pods, by the rules of the workload', restart);
  sub(command, cli, 'history', 'list the revisions', history);
  sub(command, cli, 'undo', 'go back to an earlier revision', undo).option(
    '--to-revision <number>',
    'which one',
    '0',
  );
  sub(command, cli, 'pause', 'hold rollouts back', (session, object) => setPaused(session, object, true));
  sub(command, cli, 'resume', 'let rollouts go on', (session, object) => setPaused(session, object, false));
};

type Act = (session: Session, object: Selected, options: RolloutOptions) => Promise<void>;

function sub(command: Command, cli: Cli, name: string, summary: string, act: Act): Command {
  const made = command
    .command(name)
    .description(summary)
    .argument('<type>', 'deploy/web, daemonset agent …')
    .argument('[names...]')
    .option('-l, --selector <query>', 'label selector')
    .action(async (type: string, names: readonly string[]) => {
      const options = made.optsWithGlobals<RolloutOptions>();
      await withSession(cli, options, async session => {
        const all = names.length === 0 && !type.includes('/') && options.selector === undefined;
        const selected = await selectObjects(session, [type, ...names], { ...options, all });
        await forEachSelected(session, selected, object => act(session, object, options));
      });
    });
  return made;
}

const status: Act = async ({ api, cli }, { kind, namespace, name }, options) => {
  const ref = { namespace, name };
  if (options.watch === false) {
    cli.out(`${rolloutStatus(await getObject(api, kind, ref, cli.signal)).message}\n`);
    return;
  }
  await getObject(api, kind, ref, cli.signal);
  await withDeadline(
    cli,
    timeoutMsOf(options.timeout),
    'timed out waiting for the condition',
    async signal => {
      let said = '';
      const query = { namespace, fieldSelector: withName(undefined, name) };
      for await (const picture of followObjects({ api, clock: cli.clock, signal }, kind, query)) {
        const [object] = picture.values();
        if (object === undefined) throw new CliError(`object has been deleted`);
        const { message, done } = rolloutStatus({ ...object, kind: kind.kind });
        if (message !== said) cli.out(`${message}\n`);
        said = message;
        if (done) return;
      }
    },
  );
};

function patch(session: Session, { kind, namespace, name }: Selected, body: JsonObject): Promise<unknown> {
  return session.api.send(
    {
      method: 'PATCH',
      path: objectPath(kind, { namespace, name }),
      query: { fieldManager: 'kubectl-rollout' },
      contentType: 'application/strategic-merge-patch+json',
      body,
    },
    session.cli.signal,
  );
}

const restart: Act = async (session, object) => {
  const { cli } = session;
  const live = await readSelected(session, object);
  if (!isRecord(at(live, 'spec', 'template')))
    throw new CliError(`${object.kind.plural} "${object.name}" restarting is not supported`);
  if (at(live, 'spec', 'paused') === true)
    throw new CliError(`can't restart paused deployment (run rollout resume first)`);
  const restartedAt = new Date(cli.clock.nowMs()).toISOString().replace(/\.\d+Z$/, 'Z');
  const annotations = { 'kubectl.kubernetes.io/restartedAt': restartedAt };
  await patch(session, object, { spec: { template: { metadata: { annotations } } } });
  cli.out(`${qualifiedSingular(object.kind)}/${object.name} restarted\n`);
};

async function setPaused(session: Session, object: Selected, paused: boolean): Promise<void> {
  if (object.kind.kind !== 'Deployment') throw new UsageError(`${object.kind.plural} cannot be paused`);
  const live = await readSelected(session, object);
  const word = paused ? 'paused' : 'resumed';
  if ((at(live, 'spec', 'paused') === true) === paused)
    throw new CliError(`deployments.apps "${object.name}" is ${paused ? 'already paused' : 'not paused'}`);
  await patch(session, object, { spec: { paused: paused ? true : null } });
  session.cli.out(`${qualifiedSingular(object.kind)}/${object.name} ${word}\n`);
}

const REVISION = 'deployment.kubernetes.io/revision';
const CHANGE_CAUSE = 'kubernetes.io/change-cause';

/** A Deployment's ReplicaSets, the oldest revision first. */
async function revisionsOf(
  session: Session,
  object: Selected,
): Promise<readonly { revision: number; set: JsonObject }[]> {
  if (object.kind.kind !== 'Deployment')
    throw new CliError(`no history viewer has been implemented for ${object.kind.kind}`);
  const live = await readSelected(session, object);
  const query = { namespace: object.namespace, labelSelector: selectorText(live) };
  const { items } = await listObjects(session.api, REPLICA_SET, query, session.cli.signal);
  const uid = textAt(live, 'metadata', 'uid');
  return items
    .filter(set => listAt(set, 'metadata', 'ownerReferences').some(owner => textAt(owner, 'uid') === uid))
    .map(set => ({ revision: Number(textAt(set, 'metadata', 'annotations', REVISION) ?? 0), set }))
    .sort((a, b) => a.revision - b.revision);
}

const history: Act = async (session, object) => {
  const revisions = await revisionsOf(session, object);
  const rows = revisions.map(
    ({ revision, set }) => `${revision}\t${textAt(set, 'metadata', 'annotations', CHANGE_CAUSE) ?? '<none>'}`,
  );
  session.cli.out(`${qualifiedSingular(object.kind)}/${object.name} \n`);
  if (rows.length === 0) session.cli.out('No rollout history found.\n');
  else session.cli.out(`${alignTabs(['REVISION\tCHANGE-CAUSE', ...rows], { ...TABLE_STYLE, padding: 2 })}\n`);
};

const undo: Act = async (session, object, options) => {
  const revisions = await revisionsOf(session, object);
  const wanted = Number(options.toRevision ?? 0);
  const found = wanted === 0 ? revisions.at(-2) : revisions.find(({ revision }) => revision === wanted);
  if (found === undefined)
    throw new CliError(
      wanted === 0
        ? `no rollout history found for deployment "${object.name}"`
        : `unable to find specified revision ${wanted} in history`,
    );
  const template = objectAt(found.set, 'spec', 'template');
  const { 'pod-template-hash': _, ...labels } = objectAt(template, 'metadata', 'labels');
  const value = { ...template, metadata: { ...objectAt(template, 'metadata'), labels } };
  await session.api.send(
    {
      method: 'PATCH',
      path: objectPath(object.kind, object),
      contentType: 'application/json-patch+json',
      body: [{ op: 'replace', path: '/spec/template', value }],
    },
    session.cli.signal,
  );
  session.cli.out(`${qualifiedSingular(object.kind)}/${object.name} rolled back\n`);
};
