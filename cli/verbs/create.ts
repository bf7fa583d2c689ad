/** `pikelet create -f`: objects that must not exist yet. */
import type { GlobalOptions } from '../cli.ts';
import { CliError, StatusError, throwCollected } from '../errors.ts';
import { textAt } from '../json.ts';
import { collectionPath, qualifiedSingular } from '../kinds/kind.ts';
import { readManifests } from '../manifests.ts';
import { parseOutput, printObjects } from '../print/output.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';
import { dryRunQuery, dryRunSuffix, parseDryRun, type WriteOptions, writeOptions } from './write-options.ts';

type CreateOptions = GlobalOptions &
  WriteOptions & { readonly filename?: readonly string[]; readonly recursive?: boolean };

export const declareCreate: DeclareVerb = (command, cli) => {
  writeOptions(command)
    .requiredOption('-f, --filename <file>', 'a file, a folder, or - for stdin', collectList)
    .option('-R, --recursive', 'folders within folders too')
    .action(async () => {
      const options = command.optsWithGlobals<CreateOptions>();
      await withSession(cli, options, session => create(session, options));
    });
};

async function create(session: Session, options: CreateOptions): Promise<void> {
  const { api, cli } = session;
  const output = parseOutput(options.output);
  const dryRun = parseDryRun(options.dryRun);
  const query = { fieldManager: 'kubectl-create', fieldValidation: 'Strict', ...dryRunQuery(dryRun) };
  const errors: unknown[] = [];
  for (const { kind, namespace, object } of await readManifests(session, options.filename ?? [], options)) {
    try {
      const request = { method: 'POST', path: collectionPath(kind, namespace), query, body: object } as const;
      const created = dryRun === 'client' ? object : await api.send(request, cli.signal);
      if (output.kind === 'table')
        cli.out(
          `${qualifiedSingular(kind)}/${textAt(created, 'metadata', 'name') ?? ''} created${dryRunSuffix(dryRun)}\n`,
        );
      else cli.out(await printObjects(output, [{ kind, object: created }], { single: true }));
    } catch (error) {
      if (cli.signal.aborted || !(error instanceof StatusError || error instanceof CliError)) throw error;
      errors.push(error);
    }
  }
  throwCollected(errors);
}
