/** Regular expressions that users write: RE2, as in Kubernetes, whose time grows with the text alone and never explodes. */
import { RE2JS } from 're2js';
import { MAX_PATTERNS } from './limits.ts';

const compiled = new Map<string, RE2JS>();

/** Why `pattern` is no RE2 expression (or one too large to run); undefined when it is one. */
export function patternFault(pattern: string): string | undefined {
  try {
    compile(pattern);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** True when the pattern is found anywhere in the text. Throws for a pattern with a fault. */
export function matchesPattern(pattern: string, text: string): boolean {
  return compile(pattern).matcher(text).find();
}

/** The first part of the text that the pattern matches; undefined when there is none. Throws as `matchesPattern`. */
export function firstMatch(pattern: string, text: string): string | undefined {
  const matcher = compile(pattern).matcher(text);
  return matcher.find() ? (matcher.group() ?? undefined) : undefined;
}

function compile(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const made = RE2JS.compile(pattern);
  const [oldest] = compiled.keys();
  if (compiled.size >= MAX_PATTERNS && oldest !== undefined) compiled.delete(oldest);
  compiled.set(pattern, made);
  return made;
}
