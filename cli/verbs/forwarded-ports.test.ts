import { describe, expect, it } from 'vitest';
import { parsePorts, targetPort } from './forwarded-ports.ts';

describe('forwarded ports', () => {
  it('are read as kubectl reads them', () => {
    expect(parsePorts(['80', '8080:80', ':80', '0:80', '8080:http', 'http'])).toEqual([
      { local: 80, remote: '80' },
      { local: 8080, remote: '80' },
      { local: 0, remote: '80' },
      { local: 0, remote: '80' },
      { local: 8080, remote: 'http' },
      { local: 0, remote: 'http' },
    ]);
  });

  it.each(['', ':', '1:2:3', '70000', '80:0', '70000:80', 'a b'])('%j is none', word => {
    expect(() => parsePorts([word])).toThrow(/invalid port format/);
  });

  const pod = {
    kind: 'Pod',
    metadata: { name: 'web' },
    spec: { containers: [{ ports: [{ name: 'web', containerPort: 8080 }] }] },
  };
  const service = {
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { ports: [{ port: 80, targetPort: 'web' }] },
  };

  it('lead to the pod, by number, by name and through a service', () => {
    expect(targetPort('81', pod, pod)).toBe(81);
    expect(targetPort('web', pod, pod)).toBe(8080);
    expect(targetPort('80', service, pod)).toBe(8080);
    expect(() => targetPort('other', pod, pod)).toThrow(/named port 'other'/);
    expect(() => targetPort('81', service, pod)).toThrow(/service port 81/);
  });
});
