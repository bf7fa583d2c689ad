/** `pikelet wait --for=…`. */
import { getObject, withName } from '../api-objects.ts';
import type { GlobalOptions } from '../cli.ts';
import { timeoutMsOf, withDeadline } from '../deadline.ts';
import { CliError, isNotFound, UsageError } from '../errors.ts';
import { followObjects } from '../follow.ts';
import { countAt, type JsonObject, listAt, textAt } from '../json.ts';
import { qualifiedSingular } from '../kinds/kind.ts';
import { evaluatePath, parseRelaxedPath, resultText } from '../print/json-path.ts';
import { forEachSelected, type Selected, type SelectOptions, selectObjects } from '../select-objects.ts';
import { type Session, withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';
import { waitGone } from '../wait-gone.ts';

type WaitOptions = GlobalOptions & SelectOptions & { readonly for: string; readonly timeout: string };

export const declareWait: DeclareVerb = (command, cli) => {
  command
    .argument('[type]', 'pod/web-1, deploy …')
    .argument('[names...]')
    .requiredOption('--for <what>', 'condition=NAME[=VALUE], jsonpath={…}=VALUE, create or delete')
    .option('--timeout <duration>', 'wait at most this long', '30s')
    .option('-l, --selector <query>', 'label selector')
    .option('--field-selector <query>', 'field selector')
    .option('--all', 'all objects of the type in the namespace')
    .option('-A, --all-namespaces', 'in every namespace')
    .option('-f, --filename <file>', 'a file, a folder, or - for stdin', collectList)
    .option('-R, --recursive', 'folders within folders too')
    .action(async (type: string | undefined, names: readonly string[]) => {
      const options = command.optsWithGlobals<WaitOptions>();
      const isMet = parseWaitFor(options.for);
      await withSession(cli, options, async session => {
        const selected = await selectObjects(session, type === undefined ? [] : [type, ...names], options);
        if (selected.length === 0) throw new CliError('no matching resources found');
        await forEachSelected(session, selected, object => waitOne(session, object, isMet, options));
      });
    });
};

type IsMet = 'create' | 'delete' | ((object: JsonObject) => boolean);

/** Throws UsageError for what cannot be waited for. */
export function parseWaitFor(text: string): IsMet {
  if (text === 'create' || text === 'delete') return text;
  const condition = /^condition=([^=]+)(?:=(.*))?$/i.exec(text);
  if (condition) return object => hasCondition(object, condition[1] ?? '', condition[2] ?? 'True');
  const jsonpath =
    /^jsonpath=(\{.*\})(?:={1,2}(.*))?$/s.exec(text) ?? /^jsonpath=([^={]+)(?:={1,2}(.*))?$/s.exec(text);
  if (!jsonpath) throw new UsageError(`unrecognized condition: ${JSON.stringify(text)}`);
  const path = parseRelaxedPath(jsonpath[1] ?? '');
  const wanted = jsonpath[2]?.replace(/^(["'])(.*)\1$/s, '$2');
  return object => {
    const [found] = evaluatePath(path, object);
    return found !== undefined && (wanted === undefined || resultText(found) === wanted);
  };
}

/** A condition observed for an older generation of the object does not count. */
function hasCondition(object: JsonObject, type: string, status: string): boolean {
  const found = listAt(object, 'status', 'conditions').find(
    condition => textAt(condition, 'type')?.toLowerCase() === type.toLowerCase(),
  );
  if (found === undefined) return false;
  const observed = countAt(found, 'observedGeneration') || countAt(object, 'status', 'observedGeneration');
  if (observed > 0 && observed < countAt(object, 'metadata', 'generation')) return false;
  return textAt(found, 'status')?.toLowerCase() === status.toLowerCase();
}

async function waitOne(
  session: Session,
  object: Selected,
  isMet: IsMet,
  options: WaitOptions,
): Promise<void> {
  const { api, cli } = session;
  const { kind, namespace, name } = object;
  const title = `${qualifiedSingular(kind)}/${name}`;
  const late = `timed out waiting for the condition on ${kind.plural}/${name}`;
  await withDeadline(cli, timeoutMsOf(options.timeout), late, async signal => {
    if (isMet === 'delete') {
      try {
        const live = await getObject(api, kind, { namespace, name }, signal);
        await waitGone(session, object, textAt(live, 'metadata', 'uid'), signal);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return;
    }
    if (isMet !== 'create') await getObject(api, kind, { namespace, name }, signal);
    const query = { namespace, fieldSelector: withName(undefined, name) };
    for await (const picture of followObjects({ api, clock: cli.clock, signal }, kind, query)) {
      const [live] = picture.values();
      if (live !== undefined && (isMet === 'create' || isMet(live))) return;
    }
    throw signal.reason;
  });
  cli.out(`${title} condition met\n`);
}
