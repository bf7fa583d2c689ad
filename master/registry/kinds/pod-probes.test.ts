import { describe, expect, it } from 'vitest';
import type { Container, PodSpec } from '../../../shared/kubernetes/objects.ts';
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts';

function faultsOf(container: Partial<Container>, spec: Partial<PodSpec> = {}): string[] {
  const containers = [{ name: 'web', image: 'i:1', ...container }];
  return messages(validatePodSpec(defaultPodSpec({ containers, ...spec }), 'spec'));
}

function messages(causes: readonly { readonly field?: string; readonly message?: string }[]): string[] {
  return causes.map(({ field, message }) => `${field?.replace('spec.containers[0].', '')}: ${message}`);
}

const exec = { command: ['true'] };

describe('defaults', () => {
  it('fill in hooks, gRPC services, and numbers that are 0', () => {
    const [made] = defaultPodSpec({
      containers: [
        {
          name: 'web',
          image: 'i:1',
          lifecycle: { preStop: { httpGet: { port: 80 } } },
          startupProbe: { grpc: { port: 9 }, periodSeconds: 0 },
        },
      ],
    }).containers;
    expect(made?.lifecycle).toEqual({ preStop: { httpGet: { port: 80, path: '/', scheme: 'HTTP' } } });
    expect(made?.startupProbe).toMatchObject({ grpc: { port: 9, service: '' }, periodSeconds: 10 });
  });
});

describe('faults', () => {
  const rows: { name: string; container: Partial<Container>; want: string[] }[] = [
    {
      name: 'none',
      container: { livenessProbe: { exec }, lifecycle: { preStop: { sleep: { seconds: 30 } } } },
      want: [],
    },
    {
      name: 'no handler',
      container: { livenessProbe: {}, lifecycle: { postStart: {} } },
      want: [
        'lifecycle.postStart: Required value: must specify a handler type',
        'livenessProbe: Required value: must specify a handler type',
      ],
    },
    {
      name: 'two handlers',
      container: { readinessProbe: { exec, tcpSocket: { port: 1 } } },
      want: ['readinessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type'],
    },
    {
      name: 'no command, no port',
      container: { livenessProbe: { exec: {} }, readinessProbe: { grpc: { port: 0 } } },
      want: [
        'livenessProbe.exec.command: Required value',
        'readinessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    },
    {
      name: 'a scheme that there is not',
      container: { livenessProbe: { httpGet: { port: 'http', scheme: 'FTP' } } },
      want: ['livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"'],
    },
    {
      name: 'numbers below 0, and a success threshold where there is none',
      container: { livenessProbe: { exec, periodSeconds: -1, successThreshold: 2 } },
      want: [
        'livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
        'livenessProbe.successThreshold: Invalid value: 2: must be 1',
      ],
    },
    {
      name: 'grace periods',
      container: {
        livenessProbe: { exec, terminationGracePeriodSeconds: 0 },
        readinessProbe: { exec, terminationGracePeriodSeconds: 1 },
      },
      want: [
        'livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0',
        'readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes',
      ],
    },
    {
      name: 'a sleep longer than the grace period',
      container: { lifecycle: { preStop: { sleep: { seconds: 31 } } } },
      want: [
        'lifecycle.preStop.sleep: Invalid value: 31: must be greater than 0 and less than terminationGracePeriodSeconds (30)',
      ],
    },
  ];
  it.each(rows)('$name', ({ container, want }) => {
    expect(faultsOf(container)).toEqual(want);
  });

  it('probes of an init container, unless it is a sidecar', () => {
    const init = (restartPolicy?: string): PodSpec => ({
      containers: [{ name: 'web', image: 'i:1' }],
      initContainers: [{ name: 'i', image: 'i:1', restartPolicy, startupProbe: { exec } }],
    });
    expect(messages(validatePodSpec(init(), 'spec'))).toEqual([
      'spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ]);
    expect(validatePodSpec(init('Always'), 'spec')).toEqual([]);
  });
});
