/** What is known of a node, from its report and from its link → what the store shall say of it. Pure. */
import { canonicalJson } from '../../shared/digest.ts';
import { DEVICE_LABEL_PREFIX } from '../../shared/kubernetes/device-labels.ts';
import type { Node, NodeCondition, NodeStatus } from '../../shared/kubernetes/objects.ts';
import { NO_NODE_HEARD } from '../../shared/kubernetes/taints.ts';
import { formatDuration, formatTime } from '../../shared/kubernetes/time.ts';
import { VOLUME_ANNOTATION } from '../../shared/kubernetes/volumes.ts';
import type { NodeReport } from '../../shared/protocol/messages.ts';
import { CLOCK_SKEW_MS_MAX } from './limits.ts';

export type NodeFacts = {
  /** The newest report of the agent's present process; absent before it has reported. */
  readonly report: NodeReport | undefined;
  /**
   * `alive`: its session is served. `lost`: it is silent or gone. `outage`: so is every other node. `unknown`: the
   * master has just started and cannot tell yet, so that what the store says stays.
   */
  readonly link: 'alive' | 'lost' | 'outage' | 'unknown';
  /** Milliseconds since 1970; absent when nothing was heard since the master started. */
  readonly lastHeartbeatMs?: number;
  /** How far the agent's clock was ahead of the master's when it reported last; absent before that. */
  readonly clockSkewMs?: number;
  /** A second device lives under this name. */
  readonly hasClone: boolean;
};

type Verdict = Pick<NodeCondition, 'type' | 'status' | 'reason' | 'message'>;

const LOST: Readonly<Record<'lost' | 'outage', Verdict>> = {
  lost: {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    message: 'agent stopped posting heartbeats',
  },
  outage: {
    type: 'Ready',
    status: 'Unknown',
    reason: NO_NODE_HEARD,
    message: "no node is heard any more: look at the master's own network first",
  },
};

/** The node with its new status; undefined when nothing changes, as between any two heartbeats. */
export function foldNodeStatus(node: Node, facts: NodeFacts, nowMs: number): Node | undefined {
  const current = node.status ?? {};
  const conditions = mergeConditions(current.conditions ?? [], verdictsOf(node, facts), {
    now: formatTime(nowMs),
    heard: formatTime(facts.link === 'alive' ? nowMs : (facts.lastHeartbeatMs ?? nowMs)),
  });
  const reported = facts.link === 'alive' && facts.report !== undefined ? statusOf(facts.report) : {};
  const status: NodeStatus = { ...current, ...reported, conditions };
  return canonicalJson(status) === canonicalJson(current) ? undefined : { ...node, status };
}

/** The node with the labels and annotations that it reports; undefined when it has them. Those of others stay. */
export function foldNodeLabels(node: Node, facts: NodeFacts): Node | undefined {
  const { annotations = {} } = node.metadata;
  const labels = withoutUnplugged(node.metadata.labels ?? {}, facts.report);
  const wanted = Object.entries(facts.report?.labels ?? {});
  const folder = facts.report?.volumesFolder ?? annotations[VOLUME_ANNOTATION.volumesFolder];
  const isFolderSaid = annotations[VOLUME_ANNOTATION.volumesFolder] === folder;
  const isSame = Object.keys(labels).length === Object.keys(node.metadata.labels ?? {}).length;
  if (isSame && wanted.every(([key, value]) => labels[key] === value) && isFolderSaid) return undefined;
  const metadata = { ...node.metadata, labels: { ...labels, ...Object.fromEntries(wanted) } };
  if (folder !== undefined)
    metadata.annotations = { ...annotations, [VOLUME_ANNOTATION.volumesFolder]: folder };
  return { ...node, metadata };
}

function withoutUnplugged(labels: Record<string, string>, report: NodeReport | undefined) {
  if (report === undefined) return labels;
  const isThere = (key: string) => !key.startsWith(DEVICE_LABEL_PREFIX) || key in report.labels;
  return Object.fromEntries(Object.entries(labels).filter(([key]) => isThere(key)));
}

function statusOf(report: NodeReport): NodeStatus {
  const { capacity, allocatable, nodeInfo, addresses, images } = report;
  return { capacity, allocatable, nodeInfo, addresses, ...(images && { images }) };
}

function verdictsOf(node: Node, facts: NodeFacts): Verdict[] {
  const verdicts: Verdict[] = [];
  const has = (type: string) => node.status?.conditions?.some(condition => condition.type === type) === true;
  if (facts.link === 'alive' && facts.report !== undefined) {
    verdicts.push(...facts.report.conditions.filter(({ type }) => type !== 'Ready'));
    if (facts.clockSkewMs !== undefined) verdicts.push(clockOf(node, facts.clockSkewMs));
    verdicts.push(readyOf(facts.report));
  }
  // A node that never was connected is not lost: it has no Ready condition until its first report.
  if ((facts.link === 'lost' || facts.link === 'outage') && has('Ready')) verdicts.push(LOST[facts.link]);
  if (facts.hasClone || has('IdentityConflict')) verdicts.push(identityOf(node, facts.hasClone));
  return verdicts;
}

function readyOf(report: NodeReport): Verdict {
  const own = report.conditions.find(({ type }) => type === 'Ready');
  return (
    own ?? { type: 'Ready', status: 'True', reason: 'AgentReady', message: 'agent is posting heartbeats' }
  );
}

/** Says how far roughly, so that it does not change with every report. */
function clockOf(node: Node, skewMs: number): Verdict {
  const type = 'ClockSkewed';
  const wasSkewed = node.status?.conditions?.some(each => each.type === type && each.status === 'True');
  if (Math.abs(skewMs) < (wasSkewed ? CLOCK_SKEW_MS_MAX / 2 : CLOCK_SKEW_MS_MAX))
    return {
      type,
      status: 'False',
      reason: 'ClockInStep',
      message: "the device's clock is in step with the master's",
    };
  const about = formatDuration(Math.round(Math.abs(skewMs) / 10_000) * 10);
  const [reason, side] = skewMs > 0 ? ['ClockAhead', 'ahead of'] : ['ClockBehind', 'behind'];
  return {
    type,
    status: 'True',
    reason,
    message: `the device's clock is about ${about} ${side} the master's, so that certificates and tokens may not work: on the device, turn on NTP with "timedatectl set-ntp true"; when all nodes say so, look at the master's clock`,
  };
}

function identityOf(node: Node, hasClone: boolean): Verdict {
  return hasClone
    ? {
        type: 'IdentityConflict',
        status: 'True',
        reason: 'TwoDevices',
        message: `two devices connect as node "${node.metadata.name}", and only the first is served: prepare the card of the other one again with a name of its own (pikelet flash --name OTHER-NAME)`,
      }
    : {
        type: 'IdentityConflict',
        status: 'False',
        reason: 'OneDevice',
        message: 'one device connects under this name',
      };
}

/** By type: times change only where the status, reason or message does. Conditions of others stay. */
function mergeConditions(
  current: readonly NodeCondition[],
  verdicts: readonly Verdict[],
  { now, heard }: { readonly now: string; readonly heard: string },
): NodeCondition[] {
  const fresh = verdicts.map((verdict): NodeCondition => {
    const before = current.find(({ type }) => type === verdict.type);
    const { type, status, reason, message } = verdict;
    if (before?.status === status && before.reason === reason && before.message === message) return before;
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
    return { type, status, reason, message, lastHeartbeatTime: heard, lastTransitionTime };
  });
  const replaced = current.map(condition => fresh.find(({ type }) => type === condition.type) ?? condition);
  return [...replaced, ...fresh.filter(({ type }) => !current.some(condition => condition.type === type))];
}
