/** Docker's own word that a container runs: its `start` events, by the labels that an agent gives its containers. */
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import * as v from 'valibot';
import { systemClock } from '../../shared/clock.ts';
import { Timeline } from './timeline.ts';

/** A container that began to run, as this process heard of it, milliseconds of the monotonic clock. */
export type Start = { readonly node: string; readonly podUid: string; readonly atMs: number };

const EventSchema = v.object({
  Actor: v.object({
    Attributes: v.object({ 'dev.pikelet.node': v.string(), 'dev.pikelet.pod-uid': v.string() }),
  }),
});

/** Listens until aborted; events that came before are not there. */
export async function followStarts(clusterId: string, signal: AbortSignal): Promise<Timeline<Start>> {
  const docker = new Docker({ socketPath: '/var/run/docker.sock' });
  const filters = { event: ['start'], label: [`dev.pikelet.cluster=${clusterId}`] };
  const stream = await docker.getEvents({ filters, abortSignal: signal });
  const starts = new Timeline<Start>();
  const follow = async () => {
    for await (const line of createInterface({ input: Readable.from(stream) })) {
      const atMs = systemClock.monotonicMs();
      const { Attributes } = v.parse(EventSchema, JSON.parse(line)).Actor;
      const [node, podUid] = [Attributes['dev.pikelet.node'], Attributes['dev.pikelet.pod-uid']];
      starts.note({ node, podUid, atMs });
    }
    throw new Error('Docker says no more');
  };
  follow().catch((error: unknown) => starts.fail(error));
  return starts;
}
