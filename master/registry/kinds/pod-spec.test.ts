import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../../shared/kubernetes/objects.ts';
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts';

const aSpec = (container: object = {}, more: Partial<PodSpec> = {}): PodSpec => ({
  containers: [{ name: 'main', image: 'busybox:1.36', ...container }],
  ...more,
});

describe('defaults of a pod', () => {
  it.each([
    ['busybox:1.36', 'IfNotPresent'],
    ['busybox', 'Always'],
    ['busybox:latest', 'Always'],
    ['registry:5000/busybox', 'Always'],
    ['registry:5000/busybox:1', 'IfNotPresent'],
    [`busybox@sha256:${'a'.repeat(64)}`, 'IfNotPresent'],
  ])('an image %s is pulled %s', (image, want) => {
    expect(defaultPodSpec(aSpec({ image })).containers[0]?.imagePullPolicy).toBe(want);
  });

  it('makes a limit the request where none is made', () => {
    const resources = { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '100m' } };
    expect(defaultPodSpec(aSpec({ resources })).containers[0]?.resources?.requests).toEqual({
      cpu: '100m',
      memory: '64Mi',
    });
  });

  it('fills in probes and volumes', () => {
    const spec = aSpec(
      { livenessProbe: { httpGet: { port: 80 } } },
      { volumes: [{ name: 'v' }, { name: 'c', configMap: { name: 'm' } }] },
    );
    const made = defaultPodSpec(spec);
    expect(made.containers[0]?.livenessProbe).toEqual({
      httpGet: { port: 80, path: '/', scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(made.volumes).toEqual([
      { name: 'v', emptyDir: {} },
      { name: 'c', configMap: { name: 'm', defaultMode: 420 } },
    ]);
  });

  it('fills in once: a second time changes nothing', () => {
    const spec = fc.record({
      hostNetwork: fc.boolean(),
      restartPolicy: fc.constantFrom('Always', 'Never', undefined),
      ports: fc.array(fc.record({ containerPort: fc.nat(65_535) })),
    });
    fc.assert(
      fc.property(spec, ({ ports, ...more }) => {
        const once = defaultPodSpec(aSpec({ ports }, more));
        expect(defaultPodSpec(once)).toEqual(once);
      }),
    );
  });
});

describe('faults of a pod', () => {
  it.each([
    [aSpec({ name: 'Main' }), 'spec.containers[0].name'],
    [aSpec({ image: ' busybox' }), 'spec.containers[0].image'],
    [aSpec({ ports: [{ containerPort: 0 }] }), 'spec.containers[0].ports[0].containerPort'],
    [aSpec({ env: [{ name: 'A=B' }] }), 'spec.containers[0].env[0].name'],
    [aSpec({ resources: { limits: { memory: '-1' } } }), 'spec.containers[0].resources.limits[memory]'],
    [aSpec({}, { restartPolicy: 'Sometimes' }), 'spec.restartPolicy'],
    [
      aSpec({}, { tolerations: [{ operator: 'Exists', tolerationSeconds: 3 }] }),
      'spec.tolerations[0].effect',
    ],
    [aSpec({}, { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }), 'spec.volumes[0]'],
    [aSpec({}, { initContainers: [{ name: 'main', image: 'i:1' }] }), 'spec.containers[0].name'],
  ])('%# is named: %j', (spec, field) => {
    expect(validatePodSpec(spec, 'spec').map(cause => cause.field)).toEqual([field]);
  });

  it('finds none in what it filled in itself', () => {
    expect(validatePodSpec(defaultPodSpec(aSpec()), 'spec')).toEqual([]);
  });
});
