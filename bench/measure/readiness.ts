/** What the API says of nodes: each change of the condition Ready, as a watch tells it. */
import * as v from 'valibot';
import type { ApiClient } from '../../cli/connection/api-client.ts';
import { systemClock } from '../../shared/clock.ts';
import { Timeline } from './timeline.ts';

/** What a watcher was told, and when, milliseconds of the monotonic clock. */
export type Readiness = { readonly node: string; readonly isReady: boolean; readonly atMs: number };

const NodeSchema = v.object({
  metadata: v.object({ name: v.string() }),
  status: v.object({
    conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string() })), []),
  }),
});

const NodeListSchema = v.object({ items: v.array(NodeSchema) });

function isReady({ status }: v.InferOutput<typeof NodeSchema>): boolean {
  return status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** How many nodes are Ready now. */
export async function readyNodes(api: ApiClient, signal: AbortSignal): Promise<number> {
  const { items } = v.parse(NodeListSchema, await api.send({ path: '/api/v1/nodes' }, signal));
  return items.filter(isReady).length;
}

/** Watches until aborted. */
export function followReadiness(api: ApiClient, signal: AbortSignal): Timeline<Readiness> {
  const told = new Timeline<Readiness>();
  const watch = async () => {
    for await (const { object } of api.watch({ path: '/api/v1/nodes' }, signal)) {
      const atMs = systemClock.monotonicMs();
      const node = v.parse(NodeSchema, object);
      told.note({ node: node.metadata.name, isReady: isReady(node), atMs });
    }
  };
  watch().then(
    () => told.fail(new Error('the watch has ended')),
    (error: unknown) => told.fail(error),
  );
  return told;
}
