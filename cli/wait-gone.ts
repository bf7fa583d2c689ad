/** Waiting until an object is no more. */
import { withName } from './api-objects.ts';
import { followObjects } from './follow.ts';
import { textAt } from './json.ts';
import type { Selected } from './select-objects.ts';
import type { Session } from './session.ts';

/** Resolves once the object is gone, or is another one of the same name. Throws the signal's reason when aborted first. */
export async function waitGone(
  { api, cli }: Session,
  { kind, namespace, name }: Selected,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const query = { namespace, fieldSelector: withName(undefined, name) };
  for await (const picture of followObjects({ api, clock: cli.clock, signal }, kind, query)) {
    const still = [...picture.values()].some(
      object =>
        textAt(object, 'metadata', 'name') === name &&
        (uid === undefined || textAt(object, 'metadata', 'uid') === uid),
    );
    if (!still) return;
  }
  throw signal.reason;
}
