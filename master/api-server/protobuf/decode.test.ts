import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../../../shared/kubernetes/api-error.ts';
import { encodeProtobuf } from '../../../test/support/encode-protobuf.ts';
import { drawMessage } from '../../../test/support/message-values.ts';
import { decodeProtobuf } from './decode.ts';
import { messageFields, messageNames, messageOfKind } from './messages.ts';
import { delimitedField, varint, varintField } from './wire-writer.ts';

const GROUPS: Readonly<Record<string, string>> = {
  core: '',
  apps: 'apps/',
  batch: 'batch/',
  autoscaling: 'autoscaling/',
  policy: 'policy/',
  rbac: 'rbac.authorization.k8s.io/',
};
const groupOf = (name: string) => GROUPS[name] ?? `${name}.k8s.io/`;

/** Every kind of the table: apiVersion, kind and message. */
const KINDS = messageNames().flatMap(message => {
  const [name = '', version, kind = ''] = message.split('.');
  const isKind = [...(messageFields(message)?.values() ?? [])].some(field => field.name === 'metadata');
  return isKind && name !== 'meta' ? [{ apiVersion: `${groupOf(name)}${version}`, kind, message }] : [];
});

const aKind = fc.constantFrom(...KINDS);
const drawBody = (draw: fc.GeneratorValue) => {
  const { apiVersion, kind, message } = draw(() => aKind);
  const object = { apiVersion, kind, ...drawMessage(draw, message) };
  return { object, body: encodeProtobuf(message, object) };
};

/** The bytes of an envelope around these fields of a message. */
function envelope(apiVersion: string, kind: string, raw: readonly Buffer[]): Buffer {
  const typeMeta = delimitedField(1, [delimitedField(1, apiVersion), delimitedField(2, kind)]);
  return Buffer.concat([Buffer.from('k8s\0'), typeMeta, delimitedField(2, raw)]);
}

const pod = (...raw: Buffer[]) => envelope('v1', 'Pod', raw);
const metadata = (...fields: Buffer[]) => delimitedField(1, fields);

describe('protobuf bodies', () => {
  it('are found by the apiVersion and kind of every kind', () => {
    expect(KINDS.length).toBeGreaterThan(50);
    for (const { apiVersion, kind, message } of KINDS) expect(messageOfKind(apiVersion, kind)).toBe(message);
  });

  it('become the JSON that was meant, whatever it is', () => {
    fc.assert(
      fc.property(fc.gen(), draw => {
        const { object, body } = drawBody(draw);
        expect(decodeProtobuf(body)).toEqual(object);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ['leave out zero values as JSON does', [metadata(delimitedField(1, ''), varintField(7, 0))], {}],
    ['have no time where Go has its zero time', [metadata(delimitedField(8, ''))], {}],
    ['keep a zero behind a pointer', [metadata(varintField(10, 0))], { deletionGracePeriodSeconds: 0 }],
    [
      'may hold fields of a newer client',
      [metadata(delimitedField(1, 'a'), varintField(9999, 1))],
      { name: 'a' },
    ],
    ['keep the last of two', [metadata(delimitedField(1, 'a'), delimitedField(1, 'b'))], { name: 'b' }],
  ])('%s', (_, raw, want) => {
    expect(decodeProtobuf(pod(...raw))).toEqual({ apiVersion: 'v1', kind: 'Pod', metadata: want });
  });

  it('make a label named __proto__ a member like any other', () => {
    const label = delimitedField(11, [delimitedField(1, '__proto__'), delimitedField(2, 'x')]);
    const decoded = decodeProtobuf(pod(metadata(label)));
    expect(JSON.stringify(decoded)).toBe(
      '{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"__proto__":"x"}}}',
    );
  });

  it('may pack numbers', () => {
    const groups = delimitedField(4, Buffer.concat([varint(7), varint(2000)]));
    const spec = delimitedField(2, [delimitedField(14, [groups])]);
    expect(decodeProtobuf(pod(spec))).toMatchObject({
      spec: { securityContext: { supplementalGroups: [7, 2000] } },
    });
  });
});

describe('malformed protobuf bodies', () => {
  const deepSchema = (depth: number): Buffer[] =>
    depth === 0 ? [] : [delimitedField(28, deepSchema(depth - 1))];
  it.each([
    ['other bytes', Buffer.from('{}'), 'it does not begin with "k8s\\0"'],
    ['no envelope', Buffer.from('k8s\0'), 'names no apiVersion and kind'],
    ['a custom resource', envelope('example.com/v1', 'Deployment', []), 'no kind "Deployment" is registered'],
    ['a cut message', pod(metadata(delimitedField(1, 'abc'))).subarray(0, -1), 'ends within a field'],
    ['a cut number', pod(metadata(Buffer.from([0x08, 0xff]))), 'ends within a number'],
    ['a long number', pod(Buffer.from(`08${'ff'.repeat(11)}`, 'hex')), 'longer than ten bytes'],
    ['field 0', pod(Buffer.from([0x02, 0x00])), 'no field number 0'],
    ['a group', pod(Buffer.from([0x0b, 0x0c])), 'field 1 has the wire type 3'],
    ['a number as name', pod(metadata(varintField(1, 1))), 'meta.v1.ObjectMeta.name is a varint'],
    [
      'a name as number',
      pod(metadata(delimitedField(7, 'x'))),
      'meta.v1.ObjectMeta.generation is a delimited',
    ],
    [
      'no time',
      pod(metadata(delimitedField(8, [varintField(1, 2 ** 50)]))),
      'creationTimestamp: 1125899906842624 seconds',
    ],
    [
      'fieldsV1 that is no JSON',
      pod(metadata(delimitedField(17, [delimitedField(7, [delimitedField(1, '{')])]))),
      'meta.v1.ManagedFieldsEntry.fieldsV1: ',
    ],
    [
      'a schema without end',
      envelope('apiextensions.k8s.io/v1', 'CustomResourceDefinition', [
        delimitedField(2, [delimitedField(7, [delimitedField(4, [delimitedField(1, deepSchema(100))])])]),
      ]),
      'nested too deeply',
    ],
  ])('%s', (_, body, why) => {
    expect(() => decodeProtobuf(body)).toThrow(
      expect.objectContaining({ reason: 'BadRequest', message: expect.stringContaining(why) }),
    );
  });

  it('are refused with an ApiError, whatever bytes they are', () => {
    fc.assert(
      fc.property(fc.gen(), draw => {
        const { body } = drawBody(draw);
        for (const byte of draw(fc.array<number>, fc.nat(255), { maxLength: 8 }))
          body[draw(fc.nat, body.length - 1)] = byte;
        const cut = body.subarray(0, draw(fc.nat, body.length));
        try {
          JSON.stringify(decodeProtobuf(cut));
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
        }
      }),
      { numRuns: 150 },
    );
  });
});
