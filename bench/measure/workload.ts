/** Manifests that benchmarks deploy: small containers of the samples' image, which `up` makes sure of. */
import { SAMPLE_IMAGE } from '../../deploy/up/sample-image.ts';

/** Runs for ever, and ends at SIGTERM: what is measured is the cluster, not a pod's last words. */
export function idlePodSpec() {
  return {
    terminationGracePeriodSeconds: 1,
    containers: [
      {
        name: 'main',
        image: `${SAMPLE_IMAGE.repository}:${SAMPLE_IMAGE.tag}`,
        command: ['sh', '-c', 'trap exit TERM; while :; do sleep 3600 & wait; done'],
        resources: { requests: { cpu: '10m', memory: '8Mi' } },
      },
    ],
  };
}

/** A Deployment, or a DaemonSet without `replicas`, of idle pods. */
export function idleWorkload(name: string, replicas?: number) {
  const labels = { app: name };
  const template = { metadata: { labels }, spec: idlePodSpec() };
  return {
    apiVersion: 'apps/v1',
    kind: replicas === undefined ? 'DaemonSet' : 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: { ...(replicas === undefined ? {} : { replicas }), selector: { matchLabels: labels }, template },
  };
}
