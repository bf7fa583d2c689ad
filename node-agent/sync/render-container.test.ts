import { describe, expect, it } from 'vitest';
import { aContainer, aDocument } from './pod-builders.ts';
import { FACTS, FIRST, render } from './render-bed.ts';
import { renderContainer } from './render-container.ts';

describe('the container made concrete', () => {
  it('expands commands with the whole environment', () => {
    const { spec } = render({
      envFrom: [{ configMapRef: { name: 'cm' } }],
      command: ['sh', '$(color)'],
      args: ['$$(color)', '$(none)'],
    });
    expect(spec).toMatchObject({ command: ['sh', 'red'], args: ['$(color)', '$(none)'] });
  });

  it('takes requests from limits, and the user from container before pod', () => {
    const { spec } = render(
      {
        resources: { limits: { cpu: '250m', memory: '64Mi' } },
        securityContext: { runAsUser: 5, capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
      },
      { spec: { securityContext: { runAsUser: 1, runAsGroup: 7 }, terminationGracePeriodSeconds: 4 } },
    );
    expect(spec).toMatchObject({
      cpuRequestMilli: 250,
      cpuLimitMilli: 250,
      memoryLimitBytes: 64 * 1024 * 1024,
      user: '5:7',
      addCapabilities: ['NET_ADMIN'],
      dropCapabilities: ['ALL'],
      stopGraceSeconds: 4,
      hostname: 'pod-1',
    });
  });

  it('publishes all host ports of the pod on the container that owns its network', () => {
    const a = aContainer({
      name: 'a',
      ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }],
    });
    const b = aContainer({ name: 'b', ports: [{ containerPort: 53, hostPort: 53, protocol: 'UDP' }] });
    const document = aDocument({ spec: { containers: [a, b] } });
    expect(renderContainer(document, a, FIRST, FACTS).spec.ports).toEqual([
      { containerPort: 80, hostPort: 8080, hostIp: undefined, protocol: 'TCP' },
      { containerPort: 53, hostPort: 53, hostIp: undefined, protocol: 'UDP' },
    ]);
    const joined = { kind: 'joined' as const, id: 'c1' };
    const second = renderContainer(document, b, { attempt: 0, network: joined, ownsPorts: false }, FACTS);
    expect(second.spec).toMatchObject({ ports: [], network: { kind: 'container', id: 'c1' } });
    expect(second.spec.hostname).toBeUndefined();
  });

  it('refuses root where the pod forbids it', () => {
    expect(() => render({ securityContext: { runAsNonRoot: true, runAsUser: 0 } })).toThrow('non-root');
  });
});

describe('attached devices', () => {
  const files = [{ source: '/dev/i2c-1', target: '/dev/i2c-1' }];
  const facts = { ...FACTS, held: ['i2c/i2c-1'] };
  const [document, container] = [aDocument(), aContainer()];

  it('are handed over, and named in the label', () => {
    const devices = [{ kind: 'i2c', id: 'i2c/i2c-1', files }];
    const { spec } = renderContainer(document, container, FIRST, { ...facts, devices });
    expect([spec.devices, spec.labels.devices]).toEqual([files, ['i2c/i2c-1']]);
  });

  it('must be attached', () => {
    expect(() => renderContainer(document, container, FIRST, facts)).toThrow(
      'device i2c/i2c-1 is not attached any more',
    );
  });
});
