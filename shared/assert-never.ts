/** A broken rule of our own: a bug. It is never caught to be survived. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Ends a `switch` over a union: the compiler proves that it is unreachable, and at run time it throws InvariantError. */
export function assertNever(value: never, what = 'value'): never {
  throw new InvariantError(`unexpected ${what}: ${JSON.stringify(value)}`);
}
