/** `pikelet taint nodes NAME KEY=VALUE:EFFECT …`. */
import type { GlobalOptions } from '../cli.ts';
import { UsageError } from '../errors.ts';
import { listAt, textAt } from '../json.ts';
import { NODE } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import { forEachSelected, readSelected, type Selected, type SelectOptions } from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';
import { selectNodes } from './cordon.ts';
import {
  changedTaints,
  isTaintChange,
  parseTaintChanges,
  type TaintChanges,
  type TaintEntry,
} from './taint-changes.ts';

type TaintOptions = GlobalOptions & SelectOptions & { readonly overwrite?: boolean };

export const declareTaint: DeclareVerb = (command, cli) => {
  command
    .argument('<words...>', 'nodes NAME KEY=VALUE:EFFECT … KEY:EFFECT- …')
    .option('--overwrite', 'replace a taint of the same key and effect')
    .option('-l, --selector <query>', 'nodes with these labels')
    .option('--all', 'all nodes')
    .action(async (words: readonly string[]) => {
      const options = command.optsWithGlobals<TaintOptions>();
      const [type = '', ...rest] = words.flatMap((word, index) => (index === 0 ? word.split('/') : [word]));
      if (!['no', 'node', 'nodes'].includes(type))
        throw new UsageError(`only nodes have taints, not ${type}`);
      const changes = parseTaintChanges(rest.filter(isTaintChange));
      if (changes.set.length + changes.remove.length === 0)
        throw new UsageError('at least one taint update is required');
      await withSession(cli, options, async session => {
        const nodes = await selectNodes(
          session,
          rest.filter(word => !isTaintChange(word)),
          options,
        );
        await forEachSelected(session, nodes, node =>
          taint(session, node, changes, options.overwrite ?? false),
        );
      });
    });
};

async function taint(
  session: Session,
  node: Selected,
  changes: TaintChanges,
  overwrite: boolean,
): Promise<void> {
  const live = await readSelected(session, node);
  const current = listAt(live, 'spec', 'taints').map(
    (each): TaintEntry => ({
      ...Object(each),
      key: textAt(each, 'key') ?? '',
      effect: textAt(each, 'effect') ?? '',
    }),
  );
  const taints = changedTaints(node.name, current, changes, overwrite);
  await session.api.send(
    {
      method: 'PATCH',
      path: objectPath(NODE, node),
      query: { fieldManager: 'kubectl-taint' },
      contentType: 'application/merge-patch+json',
      body: { metadata: { resourceVersion: textAt(live, 'metadata', 'resourceVersion') }, spec: { taints } },
    },
    session.cli.signal,
  );
  session.cli.out(
    `node/${node.name} ${changes.set.length === 0 ? 'untainted' : changes.remove.length === 0 ? 'tainted' : 'modified'}\n`,
  );
}
