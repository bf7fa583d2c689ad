/** Thresholds as the kubelet's flag --eviction-hard writes them. Pure. */
import { parseBytes } from '../../shared/quantity.ts';
import { type Bound, HARD_THRESHOLDS, isSignal, type Signal, type Thresholds } from './thresholds.ts';

/** Below this is never: what the kubelet makes of 0% and 100%. */
const OFF: Bound = { amount: 0 };

/**
 * From `memory.available<100Mi,nodefs.available<10%`. Signals that are not named keep their defaults, those of the engine's
 * disk what is said of the agent's own. `fault` says what is wrong with the text.
 */
export function parseThresholds(
  text: string,
): { readonly thresholds: Thresholds } | { readonly fault: string } {
  const given = new Map<Signal, Bound>();
  for (const statement of text.split(',').map(each => each.trim())) {
    const [signal = '', value] = statement.split('<').map(each => each.trim());
    if (value === undefined) return { fault: `"${statement}" must be like memory.available<100Mi` };
    if (!isSignal(signal))
      return {
        fault: `unsupported eviction signal "${signal}": must be one of ${Object.keys(HARD_THRESHOLDS).join(', ')}`,
      };
    if (given.has(signal)) return { fault: `${signal} is there twice` };
    const bound = parseBound(value);
    if (bound === undefined)
      return {
        fault: `${signal}: "${value}" must be a quantity above zero such as 100Mi, or a share such as 10%`,
      };
    given.set(signal, bound);
  }
  const images: Partial<Record<Signal, Bound>> = {
    'imagefs.available': given.get('nodefs.available') ?? HARD_THRESHOLDS['imagefs.available'],
    'imagefs.inodesFree': given.get('nodefs.inodesFree') ?? HARD_THRESHOLDS['imagefs.inodesFree'],
  };
  return { thresholds: { ...HARD_THRESHOLDS, ...images, ...Object.fromEntries(given) } };
}

function parseBound(value: string): Bound | undefined {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(value)?.[1];
  if (percent !== undefined) {
    const share = Number(percent) / 100;
    if (share > 1) return undefined;
    return share === 0 || share === 1 ? OFF : { share };
  }
  const amount = parseBytes(value);
  return amount === undefined || amount <= 0 ? undefined : { amount };
}
