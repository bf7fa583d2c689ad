/** `pikelet scale`: through the scale subresource, as kubectl. */
import type { GlobalOptions } from '../cli.ts';
import { CliError, UsageError } from '../errors.ts';
import { countAt, textAt } from '../json.ts';
import { objectPath, qualifiedSingular } from '../kinds/kind.ts';
import { forEachSelected, type SelectOptions, selectObjects } from '../select-objects.ts';
import { withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';

type ScaleOptions = GlobalOptions &
  SelectOptions & { readonly replicas: string; readonly currentReplicas?: string };

export const declareScale: DeclareVerb = (command, cli) => {
  command
    .argument('[type]', 'deploy/web, rs web-1 …')
    .argument('[names...]')
    .requiredOption('--replicas <count>', 'how many pods there shall be')
    .option('--current-replicas <count>', 'only when there are this many')
    .option('-f, --filename <file>', 'a file, a folder, or - for stdin', collectList)
    .option('-R, --recursive', 'folders within folders too')
    .option('-l, --selector <query>', 'label selector')
    .option('--all', 'all objects of the type in the namespace')
    .action(async (type: string | undefined, names: readonly string[]) => {
      const options = command.optsWithGlobals<ScaleOptions>();
      const replicas = wholeNumber('--replicas', options.replicas);
      const expected =
        options.currentReplicas === undefined
          ? undefined
          : wholeNumber('--current-replicas', options.currentReplicas);
      await withSession(cli, options, async session => {
        const selected = await selectObjects(session, type === undefined ? [] : [type, ...names], options);
        if (selected.length === 0) throw new CliError('no objects passed to scale');
        await forEachSelected(session, selected, async object => {
          const path = objectPath(object.kind, object, 'scale');
          let precondition = {};
          if (expected !== undefined) {
            const scale = await session.api.send({ path }, cli.signal);
            const current = countAt(scale, 'spec', 'replicas');
            if (current !== expected)
              throw new CliError(`Expected replicas to be ${expected}, was ${current}`);
            precondition = { metadata: { resourceVersion: textAt(scale, 'metadata', 'resourceVersion') } };
          }
          await session.api.send(
            {
              method: 'PATCH',
              path,
              query: { fieldManager: 'kubectl-scale' },
              contentType: 'application/merge-patch+json',
              body: { ...precondition, spec: { replicas } },
            },
            cli.signal,
          );
          cli.out(`${qualifiedSingular(object.kind)}/${object.name} scaled\n`);
        });
      });
    });
};

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new UsageError(`${option} ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}
