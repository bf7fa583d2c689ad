/** Serves what CustomResourceDefinitions declare: reads them at the start, and follows them. */
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';
import type { CustomKindName, CustomResourceDefinition } from '../../../shared/kubernetes/objects.ts';
import type { LiveView } from '../../watch/cluster-view.ts';
import { customKindName } from '../../watch/keys.ts';
import type { KindTable } from '../kinds.ts';
import { customKinds } from './custom-kinds.ts';

/**
 * Keeps the table in step with the definitions, in the very moment when the view sees them: who has heard that one is
 * established finds its kind served. `view` must have been filled once. Follows for as long as the view does.
 */
export function serveCustomKinds(view: LiveView, kinds: KindTable, logger: Logger): void {
  const served = new Map<CustomKindName, CustomResourceDefinition>();
  const follow = (definition: CustomResourceDefinition, isGone: boolean) => {
    const id = customKindName(definition.spec.group, definition.spec.names.plural);
    if (!isGone && declaresSame(served.get(id), definition)) return;
    const declared = isGone ? undefined : readKinds(definition, logger);
    if (declared !== undefined) {
      kinds.serve(declared.stored, declared.served);
      served.set(id, definition);
    } else if (served.delete(id)) kinds.withdraw(id);
  };
  for (const definition of view.list('CustomResourceDefinition')) follow(definition, false);
  view.onChange(change => {
    if (change.kind !== 'CustomResourceDefinition') return;
    const definition = change.after ?? change.before;
    if (definition !== undefined) follow(definition, change.after === undefined);
  });
}

/** Labels and conditions come and go without a watch being broken off. */
function declaresSame(
  before: CustomResourceDefinition | undefined,
  after: CustomResourceDefinition,
): boolean {
  return (
    before !== undefined &&
    isDeepStrictEqual(before.spec, after.spec) &&
    isDeepStrictEqual(before.status?.acceptedNames, after.status?.acceptedNames)
  );
}

/** A definition that an older version accepted and this one cannot read must not keep the others from being served. */
function readKinds(definition: CustomResourceDefinition, logger: Logger) {
  try {
    return customKinds(definition);
  } catch (error) {
    logger.error(
      { err: error, definition: definition.metadata.name },
      'a custom resource definition cannot be served',
    );
    return undefined;
  }
}
