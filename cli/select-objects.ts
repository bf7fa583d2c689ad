/** The objects that a writing verb is to act on: by name, by selector, with --all, or from files. */
import { getObject, listObjects } from './api-objects.ts';
import { throwCollected, UsageError } from './errors.ts';
import { type JsonObject, textAt } from './json.ts';
import type { Kind } from './kinds/kind.ts';
import { parseTargets } from './kinds/targets.ts';
import { readManifests } from './manifests.ts';
import type { Session } from './session.ts';

export type Selected = {
  readonly kind: Kind;
  readonly name: string;
  /** Absent for kinds of the whole cluster. */
  readonly namespace: string | undefined;
};

export type SelectOptions = {
  readonly filename?: readonly string[];
  readonly recursive?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly all?: boolean;
  readonly allNamespaces?: boolean;
};

/** Names are taken at their word; selectors and --all ask the server. Throws UsageError when nothing at all is named. */
export async function selectObjects(
  session: Session,
  words: readonly string[],
  options: SelectOptions,
): Promise<readonly Selected[]> {
  if (options.filename !== undefined) {
    if (words.length > 0) throw new UsageError('name objects or give files with -f, not both');
    return readManifests(session, options.filename, options);
  }
  const selecting =
    options.selector !== undefined || options.fieldSelector !== undefined || options.all === true;
  const targets = await parseTargets(words, session.kinds);
  const selected: Selected[] = [];
  for (const { kind, names } of targets) {
    const namespace = kind.namespaced && !options.allNamespaces ? session.namespace : undefined;
    if (names.length > 0 && selecting) throw new UsageError('name objects or select them, not both');
    if (names.length === 0 && !selecting)
      throw new UsageError(
        'resource(s) were provided, but no name was specified\nGive names, a selector with -l, or --all',
      );
    for (const name of names) selected.push({ kind, name, namespace });
    if (names.length > 0) continue;
    const query = { namespace, labelSelector: options.selector, fieldSelector: options.fieldSelector };
    const { items } = await listObjects(session.api, kind, query, session.cli.signal);
    for (const item of items) selected.push(selectedOf(kind, item));
  }
  return selected;
}

/** Names an object that was read. */
export function selectedOf(kind: Kind, object: JsonObject): Selected {
  return {
    kind,
    name: textAt(object, 'metadata', 'name') ?? '',
    namespace: textAt(object, 'metadata', 'namespace'),
  };
}

/** Does the same to each object; what fails for one does not keep the others from it. Throws what failed, at the end. */
export async function forEachSelected(
  session: Session,
  selected: readonly Selected[],
  act: (object: Selected) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  for (const object of selected) {
    try {
      await act(object);
    } catch (error) {
      if (session.cli.signal.aborted) throw error;
      errors.push(error);
    }
  }
  throwCollected(errors);
}

/** Reads one of them. */
export function readSelected(
  { api, cli }: Session,
  { kind, namespace, name }: Selected,
): Promise<JsonObject> {
  return getObject(api, kind, { namespace, name }, cli.signal);
}
