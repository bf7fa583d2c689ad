/** Paths that users give within a volume. Pure. */
import { RenderError } from '../sync/render-error.ts';

/** A relative path that stays inside its volume. Throws RenderError for any other. */
export function checkedPath(path: string): string {
  const parts = path.split('/');
  if (path.startsWith('/') || parts.includes('..')) throw new RenderError(`path "${path}" leaves its volume`);
  return path;
}
