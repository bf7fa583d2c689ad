/** Arbitrary objects of the built-in kinds, few names and many overlaps, and patches that could have been meant for them. */
import fc, { type Arbitrary } from 'fast-check';

type Members = Record<string, unknown>;

/** What stands in a field: enough of it to make values and patches. */
type Field =
  | { readonly kind: 'plain'; readonly values: readonly unknown[] }
  | { readonly kind: 'map'; readonly keys: readonly string[]; readonly values: readonly unknown[] }
  | { readonly kind: 'set'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly item: Field }
  | { readonly kind: 'struct'; readonly members: Readonly<Record<string, Field>> }
  | {
      readonly kind: 'keyed';
      readonly key: string;
      readonly keys: readonly unknown[];
      readonly members: Readonly<Record<string, Field>>;
    };

const plain = (...values: unknown[]): Field => ({ kind: 'plain', values });
const map = (...keys: string[]): Field => ({ kind: 'map', keys, values: ['1', '2'] });
const list = (item: Field): Field => ({ kind: 'list', item });
const struct = (members: Record<string, Field>): Field => ({ kind: 'struct', members });
const keyed = (key: string, keys: readonly unknown[], members: Record<string, Field>): Field => ({
  kind: 'keyed',
  key,
  keys,
  members,
});

const labels = map('app', 'tier', 'pikelet.io/x');
const selector = struct({
  matchLabels: labels,
  matchExpressions: list(struct({ key: plain('a', 'b'), operator: plain('Exists') })),
});
const protocol = plain('TCP', 'UDP');
const container = {
  image: plain('one', 'two'),
  command: list(plain('sh', '-c')),
  ports: keyed('containerPort', [80, 81, 82], { protocol, name: plain('web', 'dns'), hostPort: plain(8080) }),
  env: keyed('name', ['A', 'B', 'C'], {
    value: plain('1', '2', ''),
    valueFrom: struct({ secretKeyRef: struct({ name: plain('s'), key: plain('k'), optional: plain(true) }) }),
  }),
  volumeMounts: keyed('mountPath', ['/a', '/b'], {
    name: plain('data', 'tmp'),
    readOnly: plain(true, false),
  }),
  resources: struct({ limits: map('cpu', 'memory'), requests: map('cpu') }),
  securityContext: struct({
    runAsUser: plain(0, 1000),
    capabilities: struct({ add: list(plain('NET_ADMIN')) }),
  }),
};
const podSpec = struct({
  containers: keyed('name', ['a', 'b', 'c'], container),
  initContainers: keyed('name', ['a', 'b'], container),
  volumes: keyed('name', ['data', 'tmp', 'etc'], {
    emptyDir: struct({ medium: plain('Memory') }),
    configMap: struct({ name: plain('x', 'y'), items: list(struct({ key: plain('k'), path: plain('p') })) }),
  }),
  tolerations: list(struct({ key: plain('a', 'b'), operator: plain('Exists') })),
  nodeSelector: labels,
  imagePullSecrets: keyed('name', ['x', 'y'], {}),
  hostAliases: keyed('ip', ['10.0.0.1', '10.0.0.2'], { hostnames: list(plain('a', 'b')) }),
  topologySpreadConstraints: keyed('topologyKey', ['zone', 'host'], {
    maxSkew: plain(1, 2),
    labelSelector: selector,
  }),
  hostNetwork: plain(true, false),
  restartPolicy: plain('Always', 'Never'),
});
const metadata = struct({
  labels,
  annotations: map('note', 'owner'),
  finalizers: { kind: 'set', values: ['x/a', 'x/b', 'x/c'] },
  ownerReferences: keyed('uid', ['1', '2'], { kind: plain('Node', 'Pod'), controller: plain(true) }),
});

const KINDS: Readonly<
  Record<
    string,
    { readonly apiVersion: string; readonly type: string; readonly members: Record<string, Field> }
  >
> = {
  Pod: { apiVersion: 'v1', type: 'V1Pod', members: { spec: podSpec } },
  Deployment: {
    apiVersion: 'apps/v1',
    type: 'V1Deployment',
    members: {
      spec: struct({
        replicas: plain(0, 1, 2),
        strategy: struct({
          type: plain('Recreate', 'RollingUpdate'),
          rollingUpdate: struct({ maxSurge: plain(1, '25%'), maxUnavailable: plain(0, '10%') }),
        }),
        selector,
        template: struct({ metadata, spec: podSpec }),
      }),
    },
  },
  Service: {
    apiVersion: 'v1',
    type: 'V1Service',
    members: {
      spec: struct({
        ports: keyed('port', [80, 443], { protocol, name: plain('a', 'b'), targetPort: plain(8080, 'web') }),
        selector: labels,
        externalIPs: list(plain('10.1.0.1', '10.1.0.2')),
        type: plain('ClusterIP', 'NodePort'),
      }),
    },
  },
  ConfigMap: {
    apiVersion: 'v1',
    type: 'V1ConfigMap',
    members: { data: map('a', 'b', 'c.txt'), immutable: plain(true) },
  },
  PodDisruptionBudget: {
    apiVersion: 'policy/v1',
    type: 'V1PodDisruptionBudget',
    members: { spec: struct({ minAvailable: plain(1, '50%'), selector }) },
  },
};

export type PatchCase = {
  readonly type: string;
  readonly objects: readonly Members[];
  readonly patch: unknown;
};

/** A patch, and objects of one kind to try it on. `patchOf` makes the patches. */
function casesOf(objects: number, patchOf: (kind: Field) => Arbitrary<unknown>): Arbitrary<PatchCase> {
  return fc.constantFrom(...Object.entries(KINDS)).chain(([kind, { apiVersion, type, members }]) => {
    const field = struct({ metadata, ...members });
    const named = fieldValue(field).map(value => {
      const { metadata: given, ...rest } = Object(value);
      return { apiVersion, kind, metadata: { ...given, name: 'it', namespace: 'default' }, ...rest };
    });
    return fc.record({
      type: fc.constant(type),
      objects: fc.array(named, { minLength: objects, maxLength: objects }),
      patch: patchOf(field),
    });
  });
}

export function strategicCases(objects: number): Arbitrary<PatchCase> {
  // kubectl shows nothing that has no kind left.
  const rooted = ({ $patch: _, $retainKeys: kept, ...rest }: Members) =>
    Array.isArray(kept) ? { ...rest, $retainKeys: [...kept, 'apiVersion', 'kind'] } : rest;
  return casesOf(objects, field => fieldPatch(field, true).map(patch => rooted(Object(patch))));
}

/** Without directives, which a merge patch does not know. */
export function mergeCases(objects: number): Arbitrary<PatchCase> {
  return casesOf(objects, field => fieldPatch(field, false));
}

/** Operations on places that are there, that are not, and that could not be. */
export function jsonCases(objects: number): Arbitrary<PatchCase> {
  const there = fc.constantFrom(
    ...[
      '/metadata/labels',
      '/metadata/name',
      '/metadata/annotations',
      '/metadata/finalizers',
      '/spec',
      '/data',
    ],
  );
  const anywhere = fc.constantFrom(
    ...[
      '/metadata/labels/app',
      '/metadata/annotations/a~1b',
      '/metadata/finalizers/0',
      '/metadata/finalizers/-',
    ],
    ...[
      '/metadata/finalizers/1',
      '/metadata/finalizers/-1',
      '/metadata/finalizers/9',
      '/metadata/finalizers/x',
    ],
    ...['/spec/nodeSelector', '/spec/nowhere/deep', '/spec/replicas', '/data/a', '/metadata/name/x', '/'],
  );
  const path = fc.oneof(there, anywhere, fc.constant(''));
  const value = fc.constantFrom<unknown[]>('1', 1, null, { app: '1' }, ['x/a'], [], {});
  const adds = (to: Arbitrary<string>) =>
    fc.record({ op: fc.constantFrom('add', 'replace'), path: to, value });
  const operation = fc.oneof(
    { weight: 5, arbitrary: adds(there) },
    adds(anywhere),
    fc.record({ op: fc.constant('test'), path, value }),
    fc.record({ op: fc.constant('remove'), path }),
    fc.record({ op: fc.constantFrom('move', 'copy'), path, from: path }),
  );
  return casesOf(objects, () => fc.array(operation, { minLength: 1, maxLength: 3 }));
}

function optional(members: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<Members> {
  return fc.record(members, { requiredKeys: [] });
}

function arbitraries(members: Readonly<Record<string, Field>>, of: (field: Field) => Arbitrary<unknown>) {
  return Object.fromEntries(Object.entries(members).map(([name, field]) => [name, of(field)]));
}

export function fieldValue(field: Field): Arbitrary<unknown> {
  switch (field.kind) {
    case 'plain':
      return fc.constantFrom(...field.values);
    case 'map':
      return fc.dictionary(fc.constantFrom(...field.keys), fc.constantFrom(...field.values), { maxKeys: 3 });
    case 'set':
      return fc.shuffledSubarray([...field.values]);
    case 'list':
      return fc.array(fieldValue(field.item), { maxLength: 2 });
    case 'struct':
      return optional(arbitraries(field.members, fieldValue));
    case 'keyed': {
      const element = (key: unknown) =>
        optional(arbitraries(field.members, fieldValue)).map(rest => ({ [field.key]: key, ...rest }));
      return fc.shuffledSubarray([...field.keys]).chain(keys => fc.tuple(...keys.map(element)));
    }
  }
}

/** A patch to a value of the field; null now and then. */
function fieldPatch(field: Field, isStrategic: boolean): Arbitrary<unknown> {
  const rarely = (arbitrary: Arbitrary<unknown>) => ({ weight: 1, arbitrary });
  const mostly = (arbitrary: Arbitrary<unknown>) => ({ weight: 8, arbitrary });
  const below = (member: Field) =>
    fc.oneof(mostly(fieldPatch(member, isStrategic)), rarely(fc.constant(null)));
  switch (field.kind) {
    case 'plain':
    case 'set':
    case 'list':
      return fieldValue(field);
    case 'map':
      return fc.oneof(
        mostly(
          fc.dictionary(fc.constantFrom(...field.keys), fc.constantFrom(...field.values, null), {
            maxKeys: 2,
          }),
        ),
        ...(isStrategic
          ? [rarely(fieldValue(field).map(value => ({ ...Object(value), $patch: 'replace' })))]
          : []),
      );
    case 'struct': {
      const members = optional(arbitraries(field.members, below));
      if (!isStrategic) return members;
      const directed = members.chain(patch => withDirectives(field.members, patch));
      return fc.oneof(
        mostly(directed),
        rarely(fc.constant({ $patch: 'delete' })),
        rarely(members.map(rest => ({ ...rest, $patch: 'replace' }))),
      );
    }
    case 'keyed': {
      if (!isStrategic) return fieldValue(field);
      const changed = (key: unknown) =>
        optional(arbitraries(field.members, below)).chain(patch =>
          withDirectives({ [field.key]: plain(), ...field.members }, { [field.key]: key, ...patch }),
        );
      const element = (key: unknown) =>
        fc.oneof(mostly(changed(key)), {
          weight: 2,
          arbitrary: fc.constant({ [field.key]: key, $patch: 'delete' }),
        });
      const elements = fc.shuffledSubarray([...field.keys]).chain(keys => fc.tuple(...keys.map(element)));
      return fc.oneof(
        { weight: 16, arbitrary: elements },
        rarely(elements.map(items => [...items, { $patch: 'replace' }])),
      );
    }
  }
}

/** The patch with orders of its lists, elements to take from its sets, and sometimes the only keys to stay. */
function withDirectives(members: Readonly<Record<string, Field>>, patch: Members): Arbitrary<Members> {
  const directives: Record<string, Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(members)) {
    const given = patch[name];
    if (given === null) continue;
    const items: unknown[] = Array.isArray(given) ? given : [];
    // With a list that is replaced, whether an order is refused hangs on where the directive stands.
    const isReplaced = items.some(item => Object(item).$patch === 'replace');
    if (field.kind === 'keyed' && !isReplaced) {
      const shown = items.flatMap(item =>
        Object(item).$patch === undefined ? [Object(item)[field.key]] : [],
      );
      directives[`$setElementOrder/${name}`] = orderOf(shown, field.keys).map(keys =>
        keys.map(key => ({ [field.key]: key })),
      );
    }
    if (field.kind === 'set') {
      directives[`$setElementOrder/${name}`] = orderOf(items, field.values);
      // Kubernetes leaves open which comes first when an element is both united and taken away.
      directives[`$deleteFromPrimitiveList/${name}`] = fc.subarray(
        field.values.filter(value => !items.includes(value)),
        { minLength: 0 },
      );
    }
  }
  const present = Object.keys(patch).filter(name => patch[name] !== null);
  const retained = fc.subarray(Object.keys(members)).map(more => [...new Set([...present, ...more])]);
  return fc
    .tuple(
      optional(directives),
      fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: retained }),
    )
    .map(([more, keys]) => ({ ...patch, ...more, ...(keys === undefined ? {} : { $retainKeys: keys }) }));
}

/** Mostly the items in their order among others, sometimes any order. */
function orderOf(items: readonly unknown[], all: readonly unknown[]): Arbitrary<unknown[]> {
  const others = all.filter(item => !items.includes(item));
  const fitting = fc.shuffledSubarray(others).chain(more =>
    fc
      .array(fc.nat({ max: items.length }), { minLength: more.length, maxLength: more.length })
      .map(places => {
        const order: unknown[] = [...items];
        for (const [index, place] of places.entries()) order.splice(place, 0, more[index]);
        return order;
      }),
  );
  return fc.oneof(
    { weight: 6, arbitrary: fitting },
    { weight: 1, arbitrary: fc.shuffledSubarray([...all], { minLength: 1 }) },
  );
}
