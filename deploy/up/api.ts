/** What `up` asks of the cluster's API, with the credentials of the admin kubeconfig that the master writes. */
import { existsSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { load } from 'js-yaml';
import * as v from 'valibot';

/** The master's kubeconfig: one cluster, one user. */
const KubeconfigSchema = v.object({
  clusters: v.tuple([
    v.object({ cluster: v.object({ server: v.string(), 'certificate-authority-data': v.string() }) }),
  ]),
  users: v.tuple([
    v.object({ user: v.object({ 'client-certificate-data': v.string(), 'client-key-data': v.string() }) }),
  ]),
});

const NodeListSchema = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ name: v.string() }),
      status: v.optional(
        v.object({ conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string() })), []) }),
      ),
    }),
  ),
});

const NamespaceSchema = v.object({ metadata: v.object({ uid: v.string() }) });

/** An answer later than this is none, milliseconds. */
const ANSWER_TIMEOUT_MS = 5000;

export type Api = {
  readonly server: string;
  /** True once the master serves. False, too, when it cannot be reached. */
  isReady(): Promise<boolean>;
  /** The cluster's id, with which its containers are labelled: the uid of kube-system. */
  clusterId(): Promise<string>;
  /** Every node by name: whether its condition Ready is True, and it was heard since the master started. */
  nodes(): Promise<ReadonlyMap<string, boolean>>;
  /** Creates an object in a collection's path; throws with the API's own words when it refuses. */
  create(path: string, object: unknown): Promise<void>;
  remove(path: string): Promise<void>;
  close(): void;
};

/** The API that the kubeconfig leads to; undefined while there is no whole file. */
export function openApi(kubeconfigPath: string): Api | undefined {
  if (!existsSync(kubeconfigPath)) return undefined;
  const parsed = v.safeParse(KubeconfigSchema, load(readFileSync(kubeconfigPath, 'utf8')));
  if (!parsed.success) return undefined;
  const [{ cluster }] = parsed.output.clusters;
  const [{ user }] = parsed.output.users;
  const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8');
  const agent = new Agent({
    keepAlive: true,
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  });
  const send = (method: string, path: string, body?: unknown) =>
    answerOf(agent, { method, url: `${cluster.server}${path}`, body });
  return {
    server: cluster.server,
    isReady: () =>
      send('GET', '/readyz').then(
        () => true,
        () => false,
      ),
    async clusterId() {
      const text = await send('GET', '/api/v1/namespaces/kube-system');
      return v.parse(NamespaceSchema, JSON.parse(text)).metadata.uid;
    },
    async nodes() {
      const [nodes, metrics] = await Promise.all([
        send('GET', '/api/v1/nodes'),
        send('GET', '/apis/metrics.k8s.io/v1beta1/nodes'),
      ]);
      const { items } = v.parse(NodeListSchema, JSON.parse(nodes));
      const heard = new Set(
        v.parse(NodeListSchema, JSON.parse(metrics)).items.map(({ metadata }) => metadata.name),
      );
      const isReady = (conditions: readonly { type: string; status: string }[] = []) =>
        conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
      return new Map(
        items.map(({ metadata: { name }, status }) => [name, heard.has(name) && isReady(status?.conditions)]),
      );
    },
    async create(path, object) {
      await send('POST', path, object);
    },
    async remove(path) {
      await send('DELETE', path);
    },
    close: () => agent.destroy(),
  };
}

type Sent = { readonly method: string; readonly url: string; readonly body?: unknown };

/** The answer's text; rejects when there is none or its code is not 2xx. */
function answerOf(agent: Agent, { method, url, body }: Sent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    const sent = request(url, { agent, method, headers, timeout: ANSWER_TIMEOUT_MS }, response => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', chunk => {
        text += chunk;
      });
      response.once('error', reject);
      response.once('end', () => {
        const code = response.statusCode ?? 0;
        if (code >= 200 && code < 300) resolve(text);
        else reject(new Error(`${method} ${url} was answered with ${code}: ${text.slice(0, 500)}`));
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${url} was not answered`)));
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
