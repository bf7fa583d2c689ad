import { describe, expect, it } from 'vitest';
import { BUILTIN_KINDS } from './kinds.ts';
import markers from './markers.json' with { type: 'json' };
import { embeddedFields, isAtomicStruct, listStrategy, listType, patchStrategies } from './markers.ts';
import { elementType, typeSchema } from './schema.ts';

const fields = Object.keys(markers).flatMap(type =>
  Object.keys(typeSchema(type)?.fields ?? {}).map(field => ({ type, field })),
);
const keyed = fields.flatMap(({ type, field }) => {
  const [list, strategy] = [listType(type, field), listStrategy(type, field)];
  const owned = list.kind === 'map' ? list.keys.map(key => key.name) : [];
  const merged = strategy.kind === 'byKey' ? [strategy.key] : [];
  return owned.length + merged.length === 0 ? [] : [{ type, field, keys: [...owned, ...merged] }];
});

describe('the markers', () => {
  it.each(keyed)('$type.$field is a list, and its elements have the keys', ({ type, field, keys }) => {
    const expression = typeSchema(type)?.fields[field] ?? '';
    expect(expression).toMatch(/^\[\]/);
    for (const key of keys) expect(typeSchema(expression.slice(2))?.fields).toHaveProperty([key]);
  });

  it('say what is embedded only of structs', () => {
    for (const type of Object.keys(markers))
      for (const field of embeddedFields(type)) {
        const expression = typeSchema(type)?.fields[field];
        if (expression !== undefined)
          expect([type, field, elementType(expression)]).toEqual([type, field, undefined]);
        if (expression !== undefined) expect(typeSchema(expression), `${type}.${field}`).toBeDefined();
      }
  });

  it('know the kinds that are served', () => {
    expect(BUILTIN_KINDS.filter(({ type }) => !embeddedFields(type).has('metadata'))).toEqual([]);
    expect(keyed.length).toBeGreaterThan(40);
  });

  it('tell ports apart by number and protocol, of which TCP may be left out; patches by number alone', () => {
    expect(listType('V1Container', 'ports')).toEqual({
      kind: 'map',
      keys: [{ name: 'containerPort' }, { name: 'protocol', default: 'TCP' }],
    });
    expect(listStrategy('V1Container', 'ports')).toEqual({ kind: 'byKey', key: 'containerPort' });
  });

  it('say what Kubernetes publishes', () => {
    expect(listType('V1PodSpec', 'tolerations')).toEqual({ kind: 'atomic' });
    expect(listType('V1ObjectMeta', 'finalizers')).toEqual({ kind: 'set' });
    expect(listStrategy('V1ObjectMeta', 'finalizers')).toEqual({ kind: 'set' });
    expect(listStrategy('V1PodStatus', 'hostIPs')).toEqual({ kind: 'byKey', key: 'ip' });
    expect(patchStrategies('V1DeploymentSpec', 'strategy')).toEqual(['retainKeys']);
    expect(patchStrategies('V1PodDisruptionBudgetSpec', 'selector')).toEqual(['replace']);
    expect([isAtomicStruct('V1LabelSelector'), isAtomicStruct('V1PodSpec')]).toEqual([true, false]);
    expect([...embeddedFields('V1ReplicationControllerSpec')]).toEqual([]);
  });
});
