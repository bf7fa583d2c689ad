/** `pikelet apply -f`: client-side apply, as kubectl does it. */

import { isRecord } from '../../shared/is-record.ts';
import { getObject } from '../api-objects.ts';
import { LAST_APPLIED, lastAppliedOf, withLastApplied } from '../apply/last-applied.ts';
import { JSON_MERGE, STRATEGIC, threeWayPatch } from '../apply/three-way-patch.ts';
import type { GlobalOptions } from '../cli.ts';
import { CliError, isNotFound, StatusError, throwCollected } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { collectionPath, type Kind, objectPath, qualifiedSingular } from '../kinds/kind.ts';
import { APPLY_RETRIES } from '../limits.ts';
import { type Manifest, readManifests } from '../manifests.ts';
import { parseOutput, printObjects } from '../print/output.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';
import {
  type DryRun,
  dryRunQuery,
  dryRunSuffix,
  parseDryRun,
  type WriteOptions,
  writeOptions,
} from './write-options.ts';

type ApplyOptions = GlobalOptions &
  WriteOptions & { readonly filename?: readonly string[]; readonly recursive?: boolean };

const FIELD_MANAGER = 'kubectl-client-side-apply';

export const declareApply: DeclareVerb = (command, cli) => {
  writeOptions(command)
    .requiredOption('-f, --filename <file>', 'a file, a folder, or - for stdin', collectList)
    .option('-R, --recursive', 'folders within folders too')
    .action(async () => {
      const options = command.optsWithGlobals<ApplyOptions>();
      await withSession(cli, options, session => apply(session, options));
    });
};

async function apply(session: Session, options: ApplyOptions): Promise<void> {
  const output = parseOutput(options.output);
  const dryRun = parseDryRun(options.dryRun);
  const manifests = await readManifests(session, options.filename ?? [], options);
  const errors: unknown[] = [];
  for (const manifest of manifests) {
    try {
      const { object, outcome } = await applyOne(session, manifest, dryRun);
      if (output.kind === 'table')
        session.cli.out(
          `${qualifiedSingular(manifest.kind)}/${manifest.name} ${outcome}${dryRunSuffix(dryRun)}\n`,
        );
      else session.cli.out(await printObjects(output, [{ kind: manifest.kind, object }], { single: true }));
    } catch (error) {
      if (session.cli.signal.aborted || !(error instanceof StatusError || error instanceof CliError))
        throw error;
      errors.push(error);
    }
  }
  throwCollected(errors);
}

type Applied = { readonly object: unknown; readonly outcome: 'created' | 'configured' | 'unchanged' };

async function applyOne(session: Session, manifest: Manifest, dryRun: DryRun): Promise<Applied> {
  if (manifest.name === '')
    throw new CliError(`${manifest.source}: apply needs metadata.name; use create for generateName`);
  const modified = withLastApplied(manifest.object);
  for (let attempt = 0; ; attempt++) {
    try {
      const live = await liveObject(session, manifest);
      return live === undefined
        ? await createOne(session, manifest, modified, dryRun)
        : await patchOne(session, manifest, { modified, live }, dryRun);
    } catch (error) {
      if (!(error instanceof StatusError && error.code === 409) || attempt >= APPLY_RETRIES) throw error;
    }
  }
}

async function liveObject(
  { api, cli }: Session,
  { kind, namespace, name }: Manifest,
): Promise<JsonObject | undefined> {
  try {
    return await getObject(api, kind, { namespace, name }, cli.signal);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function createOne(
  { api, cli }: Session,
  { kind, namespace }: Manifest,
  body: JsonObject,
  dryRun: DryRun,
): Promise<Applied> {
  if (dryRun === 'client') return { object: body, outcome: 'created' };
  const query = { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', ...dryRunQuery(dryRun) };
  const object = await api.send(
    { method: 'POST', path: collectionPath(kind, namespace), query, body },
    cli.signal,
  );
  return { object, outcome: 'created' };
}

async function patchOne(
  { api, cli }: Session,
  { kind, namespace, name }: Manifest,
  { modified, live }: { readonly modified: JsonObject; readonly live: JsonObject },
  dryRun: DryRun,
): Promise<Applied> {
  const original = lastAppliedOf(live);
  if (original === undefined)
    cli.say(
      `Warning: resource ${kind.plural}/${name} is missing the ${LAST_APPLIED} annotation: it was not made by apply. It is added now; fields that the file does not name stay as they are.`,
    );
  const strategic = isBuiltinGroup(kind);
  const patch = threeWayPatch(
    { original: original ?? {}, modified, current: live },
    strategic ? STRATEGIC : JSON_MERGE,
  );
  if (Object.keys(patch).length === 0) return { object: live, outcome: 'unchanged' };
  if (dryRun === 'client') return { object: live, outcome: 'configured' };
  const object = await api.send(
    {
      method: 'PATCH',
      path: objectPath(kind, { namespace, name }),
      query: { fieldManager: FIELD_MANAGER, fieldValidation: 'Strict', ...dryRunQuery(dryRun) },
      contentType: strategic ? 'application/strategic-merge-patch+json' : 'application/merge-patch+json',
      body: patch,
    },
    cli.signal,
  );
  return { object: isRecord(object) ? object : live, outcome: 'configured' };
}

/** Groups of Kubernetes's own types, which servers can merge strategically: a custom group has a dot and does not end in k8s.io. */
function isBuiltinGroup({ group }: Kind): boolean {
  return !group.includes('.') || group.endsWith('.k8s.io');
}
