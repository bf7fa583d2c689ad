/** Workloads for tests: of the image that `up` makes, quick to stop, and with requests that fit a share of any machine. */
import type { V1Container, V1DaemonSet, V1Deployment, V1Pod, V1PodSpec } from '@kubernetes/client-node';

const IMAGE = 'busybox:1.36';
/** The first process of a container hears SIGTERM only if it asks to. */
const UNTIL_STOPPED = "trap 'exit 0' TERM; sleep 1000000 & wait $!";

type Shape = {
  readonly name: string;
  /** For sh; runs until it is stopped without. */
  readonly script?: string;
  readonly container?: Partial<V1Container>;
  readonly spec?: Partial<V1PodSpec>;
};

function podSpec({ script = UNTIL_STOPPED, container, spec }: Shape): V1PodSpec {
  const resources = { requests: { cpu: '5m', memory: '4Mi' }, limits: { memory: '16Mi' } };
  const main = { name: 'main', image: IMAGE, command: ['sh', '-c', script], resources, ...container };
  return { terminationGracePeriodSeconds: 5, containers: [main], ...spec };
}

function template(shape: Shape) {
  const labels = { app: shape.name };
  return { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: podSpec(shape) } };
}

export function aDeployment({
  replicas = 1,
  ...shape
}: Shape & { readonly replicas?: number }): V1Deployment {
  const metadata = { name: shape.name };
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: { replicas, ...template(shape) } };
}

export function aDaemonSet(shape: Shape): V1DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: shape.name },
    spec: template(shape),
  };
}

export function aPod(shape: Shape): V1Pod {
  const metadata = { name: shape.name, labels: { app: shape.name } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: podSpec(shape) };
}

/** Pins a pod to a node. */
export function onNode(node: string): Partial<V1PodSpec> {
  return { nodeSelector: { 'kubernetes.io/hostname': node } };
}
