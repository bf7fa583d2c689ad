/** The page: follows the API and shows what it says. It keeps no state of its own but what is typed into the filter, which stands in the address. */
import { computed, effect, signal } from '@preact/signals';
import { render } from 'preact';
import { App, SignIn } from './app.tsx';
import { type Objects, viewOf } from './cluster.ts';
import { type Connection, DeniedError, fetchJson, followList } from './live-list.ts';
import type { ClusterEvent, Kept, Node, NodeMetrics, Pod } from './objects.ts';
import { dropToken, keepToken, takeToken } from './token.ts';

/** Between readings of usage and heartbeats, milliseconds: they are in no watch, because they are in no store. */
const METRICS_INTERVAL_MS = 1000;
/** How often ages on the page move on, milliseconds. */
const TICK_MS = 500;

const nodes = signal<readonly Node[]>([]);
const pods = signal<readonly Pod[]>([]);
const events = signal<readonly ClusterEvent[]>([]);
const metrics = signal<readonly NodeMetrics[]>([]);
const connection = signal<Connection>('connecting');
const nowMs = signal(Date.now());
const filter = signal(new URLSearchParams(location.search).get('q') ?? '');
const objects = computed<Objects>(() => ({ nodes: nodes.value, pods: pods.value, metrics: metrics.value }));
const view = computed(() => viewOf(objects.value, nowMs.value));

function keepIn<T extends Kept>(kept: { value: readonly T[] }) {
  const others = (uid: string) => kept.value.filter(({ metadata }) => metadata.uid !== uid);
  return {
    replace: (all: readonly T[]) => {
      kept.value = all;
    },
    put: (object: T) => {
      kept.value = [...others(object.metadata.uid), object];
    },
    remove: (uid: string) => {
      kept.value = others(uid);
    },
    connection: (state: Connection) => {
      connection.value = state;
    },
  };
}

async function followMetrics(token: string, abort: AbortSignal): Promise<void> {
  while (!abort.aborted) {
    try {
      metrics.value = (
        await fetchJson<{ items: readonly NodeMetrics[] }>('/apis/metrics.k8s.io/v1beta1/nodes', token, abort)
      ).items;
    } catch (error) {
      // The lists say whether the master is there; the last figures stay, and their age shows.
      if (error instanceof DeniedError) return;
    }
    await new Promise(resolve => setTimeout(resolve, METRICS_INTERVAL_MS));
  }
}

function follow(token: string): void {
  const { signal: abort } = new AbortController();
  void followList('/api/v1/nodes', token, keepIn(nodes), abort);
  void followList('/api/v1/pods', token, keepIn(pods), abort);
  void followList('/api/v1/events', token, keepIn(events), abort);
  void followMetrics(token, abort);
}

function signIn(token: string): void {
  keepToken(token);
  location.reload();
}

const root = document.getElementById('app');
const token = takeToken();
if (root !== null && token === undefined) render(<SignIn onToken={signIn} isRefused={false} />, root);
if (root !== null && token !== undefined) {
  follow(token);
  setInterval(() => {
    nowMs.value = Date.now();
  }, TICK_MS);
  effect(() => {
    const query = filter.value === '' ? '' : `?${new URLSearchParams({ q: filter.value })}`;
    history.replaceState(undefined, '', location.pathname + query);
  });
  effect(() => {
    if (connection.value !== 'denied') return;
    dropToken();
    render(<SignIn onToken={signIn} isRefused={true} />, root);
  });
  render(<App view={view} events={events} connection={connection} filter={filter} nowMs={nowMs} />, root);
}
