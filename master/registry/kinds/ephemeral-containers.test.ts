import { expect, it } from 'vitest';
import { aPod } from '../../../test/support/builders.ts';
import { pod } from './pod.ts';

const bound = aPod();
const withEphemeral = (...ephemeralContainers: object[]) => ({
  ...bound,
  spec: {
    ...bound.spec,
    ephemeralContainers: ephemeralContainers.map(each => ({ name: 'look', image: 'i', ...each })),
  },
});

it.each([
  { name: 'ports', given: { ports: [{ containerPort: 80 }] }, field: 'ports' },
  { name: 'a probe', given: { livenessProbe: { exec: { command: ['x'] } } }, field: 'livenessProbe' },
  { name: 'a hook', given: { lifecycle: { preStop: { sleep: { seconds: 1 } } } }, field: 'lifecycle' },
  { name: 'resources', given: { resources: { limits: { cpu: '1' } } }, field: 'resources' },
  { name: 'an unknown target', given: { targetContainerName: 'nobody' }, field: 'targetContainerName' },
  { name: "another container's name", given: { name: bound.spec.containers[0]?.name }, field: 'name' },
])('an ephemeral container is refused with $name', ({ given, field }) => {
  const faults = pod.validate(withEphemeral(given), bound).map(fault => fault.field);
  expect(faults).toEqual([`spec.ephemeralContainers[0].${field}`]);
});

it('one without them may join, empty resources and all', () => {
  expect(pod.validate(withEphemeral({ resources: {}, targetContainerName: '' }), bound)).toEqual([]);
});

it('a new pod has none', () => {
  expect(pod.validate(withEphemeral({}))).toMatchObject([{ message: 'Forbidden: cannot be set on create' }]);
});
