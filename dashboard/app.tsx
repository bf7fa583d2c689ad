/** The components of the page. */
import type { ReadonlySignal, Signal } from '@preact/signals';
import { formatDuration } from '../shared/kubernetes/time.ts';
import { formatMemory, NODE_STATES, type NodeRow, type PodRow, type Share, type View } from './cluster.ts';
import type { Connection } from './live-list.ts';
import type { ClusterEvent } from './objects.ts';

/** Events shown, newest first. */
const SHOWN_EVENTS = 30;

const CONNECTIONS: Readonly<Record<Connection, { readonly label: string; readonly tone: string }>> = {
  connecting: { label: 'connecting…', tone: 'warn' },
  live: { label: 'live', tone: 'good' },
  lost: { label: 'the master does not answer; trying again', tone: 'bad' },
  denied: { label: 'not allowed', tone: 'bad' },
};

type AppProps = {
  readonly view: ReadonlySignal<View>;
  readonly events: ReadonlySignal<readonly ClusterEvent[]>;
  readonly connection: ReadonlySignal<Connection>;
  readonly filter: Signal<string>;
  readonly nowMs: ReadonlySignal<number>;
};

export function App({ view, events, connection, filter, nowMs }: AppProps) {
  const { nodes, unplaced, readyNodes, runningPods } = view.value;
  const state = CONNECTIONS[connection.value];
  const wanted = filter.value.trim().toLowerCase();
  const shown = nodes.filter(
    node =>
      wanted === '' ||
      `${node.name} ${node.state} ${node.pods.map(pod => pod.key).join(' ')}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <header>
        <h1>Pikelet</h1>
        <p class="summary">
          <strong>{readyNodes}</strong> of {nodes.length} nodes ready · <strong>{runningPods}</strong> pods
          running
          {unplaced.length > 0 && (
            <>
              {' '}
              · <strong>{unplaced.length}</strong> waiting for a node
            </>
          )}
        </p>
        <input
          type="search"
          aria-label="Filter nodes and pods"
          placeholder="filter nodes and pods"
          value={filter.value}
          onInput={event => {
            filter.value = event.currentTarget.value;
          }}
        />
        <p class={`connection ${state.tone}`} role="status">
          {state.label}
        </p>
      </header>
      <main>
        <section aria-label="Nodes" class="nodes">
          {shown.map(node => (
            <NodeCard key={node.name} node={node} />
          ))}
          {nodes.length === 0 && connection.value === 'live' && (
            <p class="empty">
              No node has joined yet. <code>pikelet token create --print-join-command</code> says how one
              does.
            </p>
          )}
          {nodes.length > 0 && shown.length === 0 && <p class="empty">Nothing matches “{filter.value}”.</p>}
        </section>
        {unplaced.length > 0 && (
          <section aria-label="Pods without a node" class="panel">
            <h2>Waiting for a node</h2>
            <PodTable pods={unplaced} />
          </section>
        )}
        <section aria-label="Events" class="panel">
          <h2>Events</h2>
          <EventTable events={events.value} nowMs={nowMs.value} />
        </section>
      </main>
    </>
  );
}

function NodeCard({ node }: { readonly node: NodeRow }) {
  const { label, tone } = NODE_STATES[node.state];
  return (
    <article class={`node ${tone}`} aria-label={`Node ${node.name}`}>
      <h2>
        {node.name} <span class={`badge ${tone}`}>{label}</span>
      </h2>
      <p class="about">{node.about}</p>
      <dl>
        <Usage name="CPU" share={node.cpuMilli} format={milli => (milli / 1000).toFixed(2)} unit="cores" />
        <Usage name="Memory" share={node.memoryBytes} format={formatMemory} />
        {node.temperatureCelsius !== undefined && (
          <div>
            <dt>Temperature</dt>
            <dd class={node.temperatureCelsius >= 80 ? 'bad' : node.temperatureCelsius >= 70 ? 'warn' : ''}>
              {node.temperatureCelsius.toFixed(1)} °C
            </dd>
          </div>
        )}
        <div>
          <dt>Pods</dt>
          <dd>{node.pods.length}</dd>
        </div>
        <div>
          <dt>Last heartbeat</dt>
          <dd>{node.heartbeatAgo === 'never' ? 'none yet' : `${node.heartbeatAgo} ago`}</dd>
        </div>
        <div>
          <dt>Age</dt>
          <dd>{node.age}</dd>
        </div>
      </dl>
      {node.ailments.map(text => (
        <p key={text} class="ailment">
          {text}
        </p>
      ))}
      {node.pods.length > 0 && <PodTable pods={node.pods} />}
    </article>
  );
}

type UsageProps = {
  readonly name: string;
  readonly share: Share | undefined;
  readonly unit?: string;
  format(value: number): string;
};

function Usage({ name, share, format, unit = '' }: UsageProps) {
  return (
    <div>
      <dt>{name}</dt>
      {share === undefined ? (
        <dd>unknown</dd>
      ) : (
        <dd>
          <meter
            aria-label={name}
            min={0}
            max={share.total}
            low={share.total * 0.7}
            high={share.total * 0.9}
            optimum={0}
            value={share.used}
          />{' '}
          {format(share.used)} of {format(share.total)} {unit}
        </dd>
      )}
    </div>
  );
}

function PodTable({ pods }: { readonly pods: readonly PodRow[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Pod</th>
          <th scope="col">Status</th>
          <th scope="col">Ready</th>
          <th scope="col">Restarts</th>
          <th scope="col">Age</th>
        </tr>
      </thead>
      <tbody>
        {pods.map(pod => (
          <tr key={pod.key}>
            <td title={pod.key}>
              {pod.namespace !== 'default' && <span class="namespace">{pod.namespace}/</span>}
              {pod.name}
            </td>
            <td class={pod.tone}>{pod.status}</td>
            <td>{pod.ready}</td>
            <td>{pod.restarts}</td>
            <td>{pod.age}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function EventTable({ events, nowMs }: { readonly events: readonly ClusterEvent[]; readonly nowMs: number }) {
  const time = (event: ClusterEvent) => event.lastTimestamp ?? event.metadata.creationTimestamp ?? '';
  const newest = [...events].sort((a, b) => (time(a) < time(b) ? 1 : -1)).slice(0, SHOWN_EVENTS);
  if (newest.length === 0) return <p class="empty">Nothing has happened lately.</p>;
  return (
    <table>
      <tbody>
        {newest.map(event => (
          <tr key={event.metadata.uid}>
            <td class="when">{formatDuration(Math.max(0, (nowMs - Date.parse(time(event))) / 1000))} ago</td>
            <td class={event.type === 'Warning' ? 'warn' : ''}>{event.reason}</td>
            <td>
              {(event.involvedObject.kind ?? '').toLowerCase()}/{event.involvedObject.name}
            </td>
            <td>
              {event.message}
              {(event.count ?? 1) > 1 && ` (×${event.count})`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

export function SignIn({
  onToken,
  isRefused,
}: {
  onToken(token: string): void;
  readonly isRefused: boolean;
}) {
  return (
    <main class="sign-in">
      <h1>Pikelet</h1>
      {isRefused && <p class="bad">That token is not valid, or not any more.</p>}
      <p>
        <code>pikelet dashboard</code> prints an address that opens this page. Or paste a token:
      </p>
      <form
        onSubmit={event => {
          event.preventDefault();
          const token = new FormData(event.currentTarget).get('token');
          if (typeof token === 'string' && token.trim() !== '') onToken(token);
        }}
      >
        <input name="token" type="password" aria-label="Token" autocomplete="off" required />
        <button type="submit">Open</button>
      </form>
    </main>
  );
}
