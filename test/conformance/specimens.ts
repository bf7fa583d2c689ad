/** The least that is accepted of each kind: what the behaviour of all kinds is tried on. */
import type { BuiltinKindName } from '../../shared/kubernetes/objects.ts';

const labels = { app: 'specimen' };
const podSpec = { containers: [{ name: 'main', image: 'hello' }] };
const template = { metadata: { labels }, spec: podSpec };
const workload = { spec: { selector: { matchLabels: labels }, template } };
const job = { template: { spec: { ...podSpec, restartPolicy: 'Never' } } };
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const subjects = [{ kind: 'User', name: 'eve', apiGroup: 'rbac.authorization.k8s.io' }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const time = '2026-01-01T00:00:00.000000Z';

/** An EC P-256 request for the user `specimen`. */
const SIGNING_REQUEST =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlITU1IVUNBUUF3RXpFUk1BOEdBMVVFQXd3SWMzQmxZMmx0Wlc0d1dUQVRCZ2NxaGtqT1BRSUJCZ2dxaGtqTwpQUU1CQndOQ0FBVE9Fc0tadEFBb21iRWJBbGNxYnFtYlFmUzVNb251QTlpMkJIWGJLdWpTTUhIK2h5a3JWdGlvCkNXTXlaZXZQRkFIR0ZFbDVWSzQya1ZFZms0RkdZYThIb0FBd0NnWUlLb1pJemowRUF3SURSd0F3UkFJZ0pxU1oKUGlwUnRhVVpFeSs2Mnhzcnh4N3BaUThqVGs0NWRHY0FrL29EWlhvQ0lITjVqZm9kalBxditaTllFd0Z5NUVRMApaYlk1Y0RmRVZDTkZlQzJGV1hWdwotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K';

/** Without metadata: a test names its own. */
export const SPECIMENS: { readonly [K in BuiltinKindName]: object } = {
  Namespace: {},
  Node: {},
  Pod: { spec: podSpec },
  Event: {
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Tried',
    message: 'it was tried',
    type: 'Normal',
  },
  ConfigMap: { data: { a: '1' } },
  Secret: { data: { a: 'MQ==' } },
  Lease: { spec: { holderIdentity: 'me' } },
  Deployment: workload,
  ReplicaSet: workload,
  DaemonSet: workload,
  StatefulSet: { spec: { ...workload.spec, serviceName: 'specimen' } },
  Service: { spec: { ports: [{ port: 80 }] } },
  Endpoints: { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
  ServiceAccount: {},
  PersistentVolume: {
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      hostPath: { path: '/tmp' },
    },
  },
  PersistentVolumeClaim: {
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  },
  ReplicationController: { spec: { selector: labels, template } },
  ResourceQuota: { spec: { hard: { 'count/leases.coordination.k8s.io': '1000' } } },
  LimitRange: { spec: { limits: [{ type: 'Container', max: { cpu: '1000' } }] } },
  PodTemplate: { template },
  ControllerRevision: { revision: 1, data: { a: 1 } },
  Job: { spec: { ...job, suspend: true } },
  CronJob: { spec: { schedule: '@yearly', suspend: true, jobTemplate: { spec: job } } },
  HorizontalPodAutoscaler: {
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'none' } },
  },
  PodDisruptionBudget: { spec: { minAvailable: 1, selector: { matchLabels: labels } } },
  Role: { rules },
  RoleBinding: { roleRef, subjects },
  ClusterRole: { rules },
  ClusterRoleBinding: { roleRef, subjects },
  EndpointSlice: { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] },
  PriorityClass: { value: 7 },
  StorageClass: { provisioner: 'example.com/none' },
  CSIDriver: { spec: { attachRequired: false } },
  CSINode: { spec: { drivers: [] } },
  CSIStorageCapacity: { storageClassName: 'none' },
  VolumeAttachment: {
    spec: { attacher: 'example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } },
  },
  Ingress: { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
  IngressClass: { spec: { controller: 'example.com/none' } },
  NetworkPolicy: { spec: { podSelector: {} } },
  RuntimeClass: { handler: 'none' },
  CertificateSigningRequest: {
    spec: { request: SIGNING_REQUEST, signerName: 'example.com/none', usages: ['client auth'] },
  },
  CustomResourceDefinition: {
    spec: {
      group: 'specimen.example.com',
      scope: 'Namespaced',
      names: { plural: 'things', kind: 'Thing' },
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  },
};

/** Of versions that are served beside the stored one, by apiVersion and kind. */
export const OTHER_VERSIONS: Readonly<Record<string, object>> = {
  'events.k8s.io/v1 Event': {
    regarding: { kind: 'Pod', name: 'p', namespace: 'default' },
    reason: 'Tried',
    note: 'it was tried',
    type: 'Normal',
    action: 'Try',
    reportingController: 'example.com/tester',
    reportingInstance: 'tester-1',
    eventTime: time,
  },
  'autoscaling/v1 HorizontalPodAutoscaler': SPECIMENS.HorizontalPodAutoscaler,
};
