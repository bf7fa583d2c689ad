/** How a custom kind's `scale` finds its numbers in an object. Pure. */
import type { CustomResourceSubresources } from '../../../shared/kubernetes/custom-resources.ts';
import type { CustomObject } from '../../../shared/kubernetes/objects.ts';
import type { Scaling } from '../kind.ts';
import { fieldNames, valueAt, withValueAt } from './field-path.ts';

/** Undefined for a kind without a size. */
export function scalingOf({ scale }: CustomResourceSubresources): Scaling<CustomObject> | undefined {
  if (scale === undefined) return undefined;
  const { specReplicasPath, statusReplicasPath, labelSelectorPath = '' } = scale;
  const [spec = [], status = [], selector = []] = [
    specReplicasPath,
    statusReplicasPath,
    labelSelectorPath,
  ].map(fieldNames);
  const count = (value: unknown) => (typeof value === 'number' ? value : 0);
  const read = (object: CustomObject) => {
    const text = selector.length === 0 ? '' : valueAt(object, selector);
    return {
      wanted: count(valueAt(object, spec)),
      observed: count(valueAt(object, status)),
      selector: typeof text === 'string' ? text : '',
    };
  };
  return { read, write: (object, replicas) => withValueAt(object, spec, replicas) };
}
