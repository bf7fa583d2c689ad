/** `pikelet label` and `annotate`. */
import type { GlobalOptions } from '../cli.ts';
import { CliError, UsageError } from '../errors.ts';
import { stringsAt } from '../json.ts';
import { objectPath, qualifiedSingular } from '../kinds/kind.ts';
import {
  forEachSelected,
  readSelected,
  type Selected,
  type SelectOptions,
  selectObjects,
} from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';
import { isKeyChange, type KeyChanges, parseKeyChanges, planKeyChanges } from './key-changes.ts';

type LabelOptions = GlobalOptions & SelectOptions & { readonly overwrite?: boolean; readonly list?: boolean };

export const declareLabel: DeclareVerb = declareChange('labels');
export const declareAnnotate: DeclareVerb = declareChange('annotations');

type Field = 'labels' | 'annotations';

function declareChange(field: Field): DeclareVerb {
  return (command, cli) => {
    command
      .argument('[words...]', 'TYPE NAME KEY=VALUE … KEY- …')
      .option('--overwrite', 'replace values that are there already')
      .option('--list', `show the ${field}`)
      .option('-l, --selector <query>', 'label selector')
      .option('--field-selector <query>', 'field selector')
      .option('--all', 'all objects of the type in the namespace')
      .option('-A, --all-namespaces', 'in every namespace')
      .option('-f, --filename <file>', 'a file, a folder, or - for stdin', collectList)
      .option('-R, --recursive', 'folders within folders too')
      .action(async (words: readonly string[]) => {
        const options = command.optsWithGlobals<LabelOptions>();
        const changes = parseKeyChanges(words.filter(isKeyChange));
        const changing = words.some(isKeyChange);
        if (!changing && !options.list)
          throw new UsageError(`at least one ${field.slice(0, -1)} update is required`);
        await withSession(cli, options, async session => {
          const named = words.filter(word => !isKeyChange(word));
          const selected = await selectObjects(session, named, options);
          await forEachSelected(session, selected, object =>
            changing ? change(session, object, { field, changes, options }) : show(session, object, field),
          );
        });
      });
  };
}

async function show(session: Session, object: Selected, field: Field): Promise<void> {
  const live = await readSelected(session, object);
  for (const [key, value] of Object.entries(stringsAt(live, 'metadata', field)))
    session.cli.out(`${key}=${value}\n`);
}

async function change(
  session: Session,
  object: Selected,
  {
    field,
    changes,
    options,
  }: { readonly field: Field; readonly changes: KeyChanges; readonly options: LabelOptions },
): Promise<void> {
  const live = await readSelected(session, object);
  const verdict = planKeyChanges(stringsAt(live, 'metadata', field), changes, options.overwrite ?? false);
  if (!verdict.ok) throw new CliError(verdict.reason);
  const changed = Object.keys(verdict.patch).length > 0;
  if (changed)
    await session.api.send(
      {
        method: 'PATCH',
        path: objectPath(object.kind, object),
        query: { fieldManager: field === 'labels' ? 'kubectl-label' : 'kubectl-annotate' },
        contentType: 'application/merge-patch+json',
        body: { metadata: { [field]: verdict.patch } },
      },
      session.cli.signal,
    );
  const word = field === 'labels' ? (verdict.onlyRemoves ? 'unlabeled' : 'labeled') : 'annotated';
  const said = field === 'labels' && !changed ? 'not labeled' : word;
  session.cli.out(`${qualifiedSingular(object.kind)}/${object.name} ${said}\n`);
}
