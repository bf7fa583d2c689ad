/** How deeply bodies may be nested. Pure. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { MAX_NESTING } from './limits.ts';

/** Throws ApiError BadRequest for a value that is nested too deeply to be walked. O(n). */
export function refuseDeepNesting(value: unknown): void {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_NESTING)
      throw new ApiError('BadRequest', `couldn't read the body: exceeded max depth of ${MAX_NESTING}`);
    level = level.flatMap(item => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
}
