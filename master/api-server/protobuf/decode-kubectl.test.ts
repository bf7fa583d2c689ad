/** What kubectl 1.32 sends, and the JSON that it prints for the same command with `--dry-run=client -o json`. */
import { describe, expect, it } from 'vitest';
import { decodeProtobuf } from './decode.ts';

const BODIES = [
  {
    command: 'kubectl create configmap a --from-literal=x=1',
    hex: '6b3873000a0f0a0276311209436f6e6669674d6170121b0a110a016112001a0022002a0032003800420012060a01781201311a002200',
    want: {
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        name: 'a',
      },
      data: {
        x: '1',
      },
    },
  },
  {
    command: 'kubectl create secret generic s --from-literal=p=q',
    hex: '6b3873000a0c0a0276311206536563726574121d0a110a017312001a0022002a0032003800420012060a01701201711a001a002200',
    want: {
      kind: 'Secret',
      apiVersion: 'v1',
      metadata: {
        name: 's',
      },
      data: {
        p: 'cQ==',
      },
    },
  },
  {
    command: 'kubectl create deployment web --image=nginx:1 --replicas=2 --port=80',
    hex: '6b3873000a150a07617070732f7631120a4465706c6f796d656e7412ba010a1f0a0377656212001a0022002a003200380042005a0a0a0361707012037765621288010802120c0a0a0a0361707012037765621a6e0a1c0a0012001a0022002a003200380042005a0a0a036170701203776562124e12300a056e67696e7812076e67696e783a312a00320a0a001000185022002a0042006a007200800100880100900100a201001a00320042004a0052005800600068008201008a01009a0100c2010022020a00280038001a0c0800100018002000280038001a002200',
    want: {
      kind: 'Deployment',
      apiVersion: 'apps/v1',
      metadata: {
        name: 'web',
        labels: {
          app: 'web',
        },
      },
      spec: {
        replicas: 2,
        selector: {
          matchLabels: {
            app: 'web',
          },
        },
        template: {
          metadata: {
            labels: {
              app: 'web',
            },
          },
          spec: {
            containers: [
              {
                name: 'nginx',
                image: 'nginx:1',
                ports: [
                  {
                    containerPort: 80,
                  },
                ],
                resources: {},
              },
            ],
          },
        },
        strategy: {},
      },
      status: {},
    },
  },
  {
    command: 'kubectl create service clusterip svc --tcp=80:8080',
    hex: '6b3873000a0d0a02763112075365727669636512690a1f0a0373766312001a0022002a003200380042005a0a0a03617070120373766312420a1b0a0738302d38303830120354435018502207080010903f1a002800120a0a0361707012037376631a002209436c757374657249503a00420052005a00600068001a020a001a002200',
    want: {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: {
        name: 'svc',
        labels: {
          app: 'svc',
        },
      },
      spec: {
        ports: [
          {
            name: '80-8080',
            protocol: 'TCP',
            port: 80,
            targetPort: 8080,
          },
        ],
        selector: {
          app: 'svc',
        },
        type: 'ClusterIP',
      },
      status: {
        loadBalancer: {},
      },
    },
  },
  {
    command: 'kubectl create quota q --hard=cpu=1,pods=2',
    hex: '6b3873000a130a027631120d5265736f7572636551756f746112300a110a017112001a0022002a0032003800420012190a0a0a0363707512030a01310a0b0a04706f647312030a01321a001a002200',
    want: {
      kind: 'ResourceQuota',
      apiVersion: 'v1',
      metadata: {
        name: 'q',
      },
      spec: {
        hard: {
          cpu: '1',
          pods: '2',
        },
      },
      status: {},
    },
  },
  {
    command: 'kubectl create pdb p --selector=app=web --min-available=1',
    hex: '6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e42756467657412370a110a017012001a0022002a0032003800420012160a06080010011a00120c0a0a0a0361707012037765621a0a080018002000280030001a002200',
    want: {
      kind: 'PodDisruptionBudget',
      apiVersion: 'policy/v1',
      metadata: {
        name: 'p',
      },
      spec: {
        minAvailable: 1,
        selector: {
          matchLabels: {
            app: 'web',
          },
        },
      },
      status: {
        disruptionsAllowed: 0,
        currentHealthy: 0,
        desiredHealthy: 0,
        expectedPods: 0,
      },
    },
  },
  {
    command: 'kubectl auth can-i get /healthz',
    hex: '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a656374416363657373526576696577122f0a100a0012001a0022002a003200380042001211120f0a082f6865616c74687a12036765741a08080012001a0020001a002200',
    want: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      metadata: {},
      spec: {
        nonResourceAttributes: {
          path: '/healthz',
          verb: 'get',
        },
      },
      status: {
        allowed: false,
      },
    },
  },
  {
    command: 'kubectl create token sa --duration=1h --audience=a',
    hex: '6b3873000a280a1861757468656e7469636174696f6e2e6b38732e696f2f7631120c546f6b656e5265717565737412200a100a0012001a0022002a0032003800420012060a016120901c1a040a0012001a002200',
    want: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {
        audiences: ['a'],
        expirationSeconds: 3600,
      },
      status: {
        token: '',
      },
    },
  },
];

describe('the protobuf bodies of kubectl', () => {
  it.each(BODIES)('$command', ({ hex, want }) => {
    expect(decodeProtobuf(Buffer.from(hex, 'hex'))).toEqual(want);
  });
});
