/** `pikelet cordon` and `uncordon`. */
import type { GlobalOptions } from '../cli.ts';
import { UsageError } from '../errors.ts';
import { at } from '../json.ts';
import { NODE } from '../kinds/builtin.ts';
import { objectPath } from '../kinds/kind.ts';
import {
  forEachSelected,
  readSelected,
  type Selected,
  type SelectOptions,
  selectObjects,
} from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';

export const declareCordon: DeclareVerb = declareMark(true);
export const declareUncordon: DeclareVerb = declareMark(false);

function declareMark(unschedulable: boolean): DeclareVerb {
  return (command, cli) => {
    command
      .argument('[nodes...]')
      .option('-l, --selector <query>', 'label selector')
      .action(async (names: readonly string[]) => {
        const options = command.optsWithGlobals<GlobalOptions & SelectOptions>();
        await withSession(cli, options, async session => {
          const nodes = await selectNodes(session, names, options);
          await forEachSelected(session, nodes, node => markNode(session, node, unschedulable));
        });
      });
  };
}

/** Nodes by name (also `node/x`) or selector. Throws UsageError when none is named. */
export async function selectNodes(
  session: Session,
  names: readonly string[],
  options: SelectOptions,
): Promise<readonly Selected[]> {
  const plain = names.map(name => name.replace(/^(node|nodes|no)\//, ''));
  if (plain.length === 0 && options.selector === undefined && !options.all)
    throw new UsageError('name a node, or select some with -l');
  return selectObjects(session, [NODE.plural, ...plain], options);
}

/** Marks the node unschedulable or not, and says so. */
export async function markNode(session: Session, node: Selected, unschedulable: boolean): Promise<void> {
  const word = unschedulable ? 'cordoned' : 'uncordoned';
  const live = await readSelected(session, node);
  if ((at(live, 'spec', 'unschedulable') === true) === unschedulable) {
    session.cli.out(`node/${node.name} already ${word}\n`);
    return;
  }
  await session.api.send(
    {
      method: 'PATCH',
      path: objectPath(NODE, { name: node.name }),
      contentType: 'application/strategic-merge-patch+json',
      body: { spec: { unschedulable: unschedulable ? true : null } },
    },
    session.cli.signal,
  );
  session.cli.out(`node/${node.name} ${word}\n`);
}
