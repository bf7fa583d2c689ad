import { describe, expect, it } from 'vitest';
import { decode, decodeConfiguration, missingFields } from './schema.ts';

describe('decoding', () => {
  it('keeps known fields, names unknown ones, and drops nulls', () => {
    const given = {
      metadata: { name: 'a', labels: { x: 'y' }, colour: 1 },
      spec: { containers: [{ name: 'c', image: null, extra: 2 }] },
      bogus: 3,
    };
    expect(decode('V1Pod', given)).toEqual({
      value: { metadata: { name: 'a', labels: { x: 'y' } }, spec: { containers: [{ name: 'c' }] } },
      unknown: ['metadata.colour', 'spec.containers[0].extra', 'bogus'],
      mistyped: [],
    });
  });

  it('leaves out lists and maps that are empty, but for those that Kubernetes shows', () => {
    const pod = { metadata: { labels: {}, finalizers: [] }, spec: { containers: [], tolerations: [] } };
    expect(decode('V1Pod', pod).value).toEqual({ metadata: {}, spec: { containers: [] } });
    expect(decode('V1ClusterRole', { rules: [] }).value).toEqual({ rules: [] });
    expect(decode('V1EmptyDirVolumeSource', {}).value).toEqual({});
  });

  it('takes null in a map of strings for an empty one', () => {
    expect(decode('V1ConfigMap', { data: { a: null } }).value).toEqual({ data: { a: '' } });
  });

  it('keeps what is empty or null in a configuration', () => {
    const pod = { metadata: { labels: {}, finalizers: null }, spec: { hostname: null, tolerations: [] } };
    expect(decodeConfiguration('V1Pod', pod)).toEqual({ value: pod, unknown: [], mistyped: [] });
  });

  it.each([
    ['V1Pod', { spec: 'x' }, 'spec: cannot read "x" as an object'],
    ['V1Pod', { spec: { containers: {} } }, 'spec.containers: cannot read {} as a list'],
    ['V1DeploymentSpec', { replicas: 1.5 }, 'replicas: cannot read 1.5 as a 32-bit integer'],
    ['V1DeploymentSpec', { replicas: '3' }, 'replicas: cannot read "3" as a 32-bit integer'],
    ['V1DeploymentSpec', { replicas: 2 ** 31 }, 'replicas: cannot read 2147483648 as a 32-bit integer'],
    ['V1Secret', { data: { a: 'not base64!' } }, 'data.a: cannot read "not base64!" as base64'],
    ['V1ObjectMeta', { labels: ['a'] }, 'labels: cannot read ["a"] as a map'],
    [
      'V1ObjectMeta',
      { creationTimestamp: 'yesterday' },
      'creationTimestamp: cannot read "yesterday" as an RFC 3339 time',
    ],
  ])('%s %j is refused by field', (type, given, message) => {
    expect(decode(type, given).mistyped).toEqual([message]);
  });

  it.each([1, '1', '100m', '1Gi', 0.5])('takes %j for a quantity', cpu => {
    expect(decode('V1ResourceRequirements', { requests: { cpu } }).mistyped).toEqual([]);
  });

  it('ends on a document nested without end', () => {
    const deep = JSON.parse(`${'{"not":'.repeat(500)}{}${'}'.repeat(500)}`);
    expect(decode('V1ManagedFieldsEntry', { fieldsV1: deep }).mistyped).toEqual([]);
    const items = Array.from({ length: 100 }).reduce<unknown>(inner => [inner], []);
    expect(decode('[]'.repeat(100), items).mistyped[0]).toContain('nested too deeply');
  });

  it('takes __proto__ for a name like any other', () => {
    const { value } = decode(
      'V1ConfigMap',
      JSON.parse('{"data":{"__proto__":"x"},"__proto__":{"polluted":1}}'),
    );
    expect(JSON.stringify(value)).toBe('{"data":{"__proto__":"x"}}');
    expect(Object.prototype).not.toHaveProperty('polluted');
  });
});

describe('missing fields', () => {
  it('names each, but leaves the status to its observers', () => {
    const object = {
      spec: { selector: {}, template: { spec: { containers: [{}] } } },
      status: { conditions: [{}] },
    };
    expect(missingFields('V1Deployment', object).map(cause => cause.field)).toEqual([
      'spec.template.spec.containers[0].name',
    ]);
  });
});
