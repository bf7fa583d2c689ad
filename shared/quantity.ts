/**
 * Kubernetes resource quantities ("500m", "1Gi", "2e3"): parsed exactly, compared as integers of a small unit.
 * Grammar: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */

const SYNTAX = /^([+-]?)(\d+(?:\.\d*)?|\.\d+)(?:([numkMGTPE]|[KMGTPE]i)|[eE]([+-]?\d{1,3}))?$/;
const BINARY_EXPONENT: Record<string, bigint> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n };
const DECIMAL_EXPONENT: Record<string, number> = {
  n: -9,
  u: -6,
  m: -3,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/**
 * The quantity in units of 10^-`scale` (scale 0: whole units, scale 3: thousandths), rounded up as Kubernetes does.
 * Undefined when `text` is no quantity.
 */
function parseScaled(text: string | number, scale: number): bigint | undefined {
  const match = SYNTAX.exec(String(text).trim());
  if (!match) return undefined;
  const [, sign, digits = '0', suffix, exponentText] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  let numerator = BigInt(`${whole}${fraction}` || '0');
  let exponent = scale - fraction.length;
  if (exponentText !== undefined) exponent += Number(exponentText);
  else if (suffix !== undefined && suffix in DECIMAL_EXPONENT) exponent += DECIMAL_EXPONENT[suffix] ?? 0;
  if (suffix !== undefined && suffix in BINARY_EXPONENT) numerator <<= BINARY_EXPONENT[suffix] ?? 0n;
  const magnitude =
    exponent >= 0 ? numerator * 10n ** BigInt(exponent) : ceilDivide(numerator, 10n ** BigInt(-exponent));
  return sign === '-' ? -magnitude : magnitude;
}

function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

function bounded(value: bigint | undefined): number | undefined {
  if (value === undefined) return undefined;
  const max = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(value > max ? max : value < -max ? -max : value);
}

/** True when `text` is a well-formed quantity. */
export function isQuantity(text: unknown): boolean {
  return (typeof text === 'string' || typeof text === 'number') && parseScaled(text, 0) !== undefined;
}

/** CPU in thousandths of a core, rounded up: "0.5" is 500. Undefined when `text` is no quantity. */
export function parseCpuMilli(text: string | number): number | undefined {
  return bounded(parseScaled(text, 3));
}

/** Bytes (or any whole count), rounded up: "1Ki" is 1024. Undefined when `text` is no quantity. */
export function parseBytes(text: string | number): number | undefined {
  return bounded(parseScaled(text, 0));
}

/** -1, 0 or 1 as `a` is less than, equal to or greater than `b`, exact to a billionth. Both must be quantities. */
export function compareQuantities(a: string | number, b: string | number): number {
  const [x, y] = [parseScaled(a, 9) ?? 0n, parseScaled(b, 9) ?? 0n];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** "1500m", or "2" for whole cores, from thousandths of a core. */
export function formatCpuMilli(cpuMilli: number): string {
  return cpuMilli % 1000 === 0 ? String(cpuMilli / 1000) : `${Math.round(cpuMilli)}m`;
}

/** "512Mi", or the largest binary unit that divides exactly, from bytes. */
export function formatBytes(bytes: number): string {
  let value = Math.round(bytes);
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
  let unit = 0;
  while (value !== 0 && value % 1024 === 0 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value}${units[unit]}`;
}
