/** Every topic of the wire, built and taken apart here and nowhere else. See PROTOCOL.md. */

const ROOT = 'pikelet/v1';

/** What an agent says on its own; the last level of nodes/{node}/… */
export const AGENT_TOPICS = ['session', 'report', 'heartbeat', 'requests'] as const;
export type AgentTopic = (typeof AGENT_TOPICS)[number];

export const topics = {
  /** master → agent, retained: the index of the whole desired set. */
  desired: (node: string) => `${ROOT}/nodes/${node}/desired`,
  /** master → agent: rendered pods by digest. */
  documents: (node: string) => `${ROOT}/nodes/${node}/documents`,
  /** agent → master, retained, and the will. */
  session: (node: string) => `${ROOT}/nodes/${node}/session`,
  /** agent → master: pods whose status changed. */
  report: (node: string) => `${ROOT}/nodes/${node}/report`,
  /** agent → master, QoS 0. */
  heartbeat: (node: string) => `${ROOT}/nodes/${node}/heartbeat`,
  /** agent → master: documents that it misses. */
  requests: (node: string) => `${ROOT}/nodes/${node}/requests`,
  /** master → agent: opens, feeds and closes a stream. */
  call: (node: string, id: string) => `${ROOT}/nodes/${node}/calls/${id}`,
  /** agent → master: what a stream carries back. */
  reply: (node: string, id: string) => `${ROOT}/nodes/${node}/replies/${id}`,
  /** device → master, with a join token instead of a node's credential. */
  joinRequest: (clientId: string) => `${ROOT}/join/${clientId}/request`,
  joinAnswer: (clientId: string) => `${ROOT}/join/${clientId}/answer`,
} as const;

/** What the agent subscribes to. */
export function agentSubscriptions(node: string): string[] {
  return [topics.desired(node), topics.documents(node), topics.call(node, '+')];
}

export type NodeTopic =
  | { readonly kind: AgentTopic; readonly node: string }
  | { readonly kind: 'reply'; readonly node: string; readonly id: string };

/** Reads a topic that an agent publishes to; undefined for every other topic. */
export function parseNodeTopic(topic: string): NodeTopic | undefined {
  const [product, version, nodes, node, kind, id, ...rest] = topic.split('/');
  if (`${product}/${version}` !== ROOT || nodes !== 'nodes' || !node || rest.length > 0) return undefined;
  if (kind === 'replies' && id) return { kind: 'reply', node, id };
  const agentTopic = AGENT_TOPICS.find(name => name === kind);
  return agentTopic !== undefined && id === undefined ? { kind: agentTopic, node } : undefined;
}

/** True where the agent of `node` may publish. */
export function mayPublish(node: string, topic: string): boolean {
  return parseNodeTopic(topic)?.node === node;
}

/** True where the agent of `node` may subscribe: exactly its own filters. */
export function maySubscribe(node: string, filter: string): boolean {
  return agentSubscriptions(node).includes(filter);
}
