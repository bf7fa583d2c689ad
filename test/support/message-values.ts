/** Random objects of the built-in kinds, drawn from the table of protobuf messages. */
import fc, { type GeneratorValue } from 'fast-check';
import { messageFields } from '../../master/api-server/protobuf/messages.ts';

/** Deep enough for a container's probe within a CronJob. */
const MAX_DEPTH = 10;

/** Members of `message`, each there or not; zero values only where JSON shows them. */
export function drawMessage(draw: GeneratorValue, message: string, depth = 0): Record<string, unknown> {
  const fields = [...(messageFields(message)?.values() ?? [])];
  const chosen = fields.filter(field => field.name === '' || (depth < MAX_DEPTH && draw(fc.nat, 3) === 0));
  return Object.fromEntries(
    chosen.flatMap(({ name, type, omitsZero }): [string, unknown][] => {
      if (name === '') return Object.entries(drawMessage(draw, type, depth));
      const value = drawType(draw, type, depth);
      return omitsZero && (value === '' || value === 0 || value === false) ? [] : [[name, value]];
    }),
  );
}

function drawType(draw: GeneratorValue, type: string, depth: number): unknown {
  const some = () => Array.from({ length: draw(fc.integer, { min: 1, max: 2 }) });
  if (type.startsWith('[]')) return some().map(() => drawType(draw, type.slice(2), depth));
  if (type.startsWith('{}'))
    return Object.fromEntries(some().map(() => [draw(fc.string), drawType(draw, type.slice(2), depth)]));
  switch (type) {
    case 'string':
    case 'quantity':
      return draw(fc.string, { unit: 'binary' });
    case 'bool':
      return draw(fc.boolean);
    case 'int32':
      return draw(fc.integer);
    case 'int64':
      return draw(fc.maxSafeInteger);
    case 'double':
      return draw(fc.double, { noNaN: true, noDefaultInfinity: true });
    case 'bytes':
      return Buffer.from(draw(fc.uint8Array)).toString('base64');
    case 'any':
      return JSON.parse(draw(fc.json));
    case 'intOrString':
      return draw(fc.boolean) ? draw(fc.integer) : draw(fc.string);
    case 'time':
    case 'microTime': {
      const seconds = draw(fc.integer, { min: -62_167_219_200, max: 253_402_300_799 });
      const text = new Date(seconds * 1000).toISOString().slice(0, 19);
      if (type === 'time') return `${text}Z`;
      return `${text}.${String(draw(fc.nat, 999_999)).padStart(6, '0')}Z`;
    }
    default: {
      const values = [...(messageFields(type)?.values() ?? [])].filter(({ name }) => name === '*');
      if (values.length === 0) return drawMessage(draw, type, depth + 1);
      return drawType(draw, draw(fc.constantFrom<string[]>, ...values.map(value => value.type)), depth + 1);
    }
  }
}
