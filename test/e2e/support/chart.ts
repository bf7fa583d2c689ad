/** What a Helm chart renders to, typically: one of each kind that charts hold, with their labels and annotations. */
import { createHash } from 'node:crypto';

const IMAGE = 'busybox:1.36';
const RUNS = "trap 'exit 0' TERM; sleep 1000000 & wait $!";

type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
};

/** The manifests of one revision of the release `demo`; revision 2 changes its settings, scales up and has no network policy. */
export function renderedChart(revision: 1 | 2): readonly Manifest[] {
  const selector = { 'app.kubernetes.io/name': 'demo', 'app.kubernetes.io/instance': 'demo' };
  const labels = {
    ...selector,
    'helm.sh/chart': `demo-0.${revision}.0`,
    'app.kubernetes.io/version': `${revision}.0.0`,
    'app.kubernetes.io/managed-by': 'Helm',
    'app.kubernetes.io/part-of': 'demo',
  };
  const annotations = { 'meta.helm.sh/release-name': 'demo', 'meta.helm.sh/release-namespace': 'default' };
  const of = (apiVersion: string, kind: string, rest: object, name = 'demo'): Manifest => ({
    apiVersion,
    kind,
    metadata: { name, namespace: 'default', labels, annotations },
    ...rest,
  });
  const settings = { 'settings.ini': `revision=${revision}\n` };
  const checksum = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  const podSpec = (fields: object) => ({
    containers: [
      {
        name: 'demo',
        image: IMAGE,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', RUNS],
        ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
        resources: { requests: { cpu: '5m', memory: '4Mi' }, limits: { memory: '16Mi' } },
        ...fields,
      },
    ],
    serviceAccountName: 'demo',
    securityContext: {},
    terminationGracePeriodSeconds: 2,
  });
  const template = (component: string, fields: object = {}) => ({
    metadata: {
      annotations: { 'checksum/config': checksum },
      labels: { ...labels, 'app.kubernetes.io/component': component },
    },
    spec: podSpec(fields),
  });
  const matching = (component: string) => ({
    selector: { matchLabels: { ...selector, 'app.kubernetes.io/component': component } },
  });
  const once = (name: string, hook: string) => ({
    ...of('batch/v1', 'Job', {
      spec: {
        backoffLimit: 1,
        template: { spec: { ...podSpec({ command: ['true'] }), restartPolicy: 'Never' } },
      },
    }),
    metadata: {
      name,
      labels,
      annotations: { 'helm.sh/hook': hook, 'helm.sh/hook-delete-policy': 'before-hook-creation' },
    },
  });
  const network = of('networking.k8s.io/v1', 'NetworkPolicy', {
    spec: {
      podSelector: { matchLabels: selector },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port: 'http', protocol: 'TCP' }] }],
    },
  });
  const rule = {
    host: 'demo.local',
    http: {
      paths: [
        {
          path: '/',
          pathType: 'ImplementationSpecific',
          backend: { service: { name: 'demo', port: { name: 'http' } } },
        },
      ],
    },
  };
  const release = { release: Buffer.from(`revision ${revision}`).toString('base64') };
  return [
    of('v1', 'ServiceAccount', { automountServiceAccountToken: true }),
    of('v1', 'Secret', { type: 'Opaque', data: { password: 'c2VjcmV0' } }),
    {
      ...of('v1', 'Secret', { type: 'helm.sh/release.v1', data: release }),
      metadata: {
        name: `sh.helm.release.v1.demo.v${revision}`,
        labels: { owner: 'helm', name: 'demo', status: 'deployed', version: String(revision), ...selector },
      },
    },
    of('v1', 'ConfigMap', { data: settings }),
    of('v1', 'ConfigMap', { data: { 'NOTES.txt': `1. Get the URL:\n  http://demo.local\n` } }, 'demo-notes'),
    of('rbac.authorization.k8s.io/v1', 'Role', {
      rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }],
    }),
    of('rbac.authorization.k8s.io/v1', 'RoleBinding', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'demo' },
      subjects: [{ kind: 'ServiceAccount', name: 'demo', namespace: 'default' }],
    }),
    of('v1', 'Service', {
      spec: { type: 'ClusterIP', selector, ports: [{ port: 80, targetPort: 'http', name: 'http' }] },
    }),
    of('v1', 'Service', { spec: { clusterIP: 'None', selector, ports: [{ port: 80 }] } }, 'demo-headless'),
    of('apps/v1', 'Deployment', {
      spec: {
        replicas: revision,
        ...matching('web'),
        template: template('web', { envFrom: [{ configMapRef: { name: 'demo' } }] }),
      },
    }),
    of('apps/v1', 'StatefulSet', {
      spec: { replicas: 1, serviceName: 'demo-headless', ...matching('data'), template: template('data') },
    }),
    of('batch/v1', 'CronJob', {
      spec: {
        schedule: '0 3 * * *',
        jobTemplate: { spec: { template: { spec: { ...podSpec({}), restartPolicy: 'OnFailure' } } } },
      },
    }),
    of('autoscaling/v2', 'HorizontalPodAutoscaler', {
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'demo' },
        minReplicas: 1,
        maxReplicas: 1,
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
          },
        ],
      },
    }),
    of('policy/v1', 'PodDisruptionBudget', {
      spec: { minAvailable: 1, selector: { matchLabels: selector } },
    }),
    of('networking.k8s.io/v1', 'Ingress', { spec: { ingressClassName: 'nginx', rules: [rule] } }),
    ...(revision === 1
      ? [network, once('demo-install', 'post-install')]
      : [once('demo-upgrade', 'post-upgrade')]),
  ];
}
