/** What a verb's words name: `pods`, `po,deploy`, `pod web-1 web-2`, `deploy/web`, `all`. */
import { UsageError } from '../errors.ts';
import type { Kind } from './kind.ts';
import type { KindFinder } from './kind-finder.ts';

/** One kind and the names asked for; no names means all that selectors let through. */
export type Target = { readonly kind: Kind; readonly names: readonly string[] };

/** Throws UsageError for words that do not fit together, CliError for unknown kinds. */
export async function parseTargets(words: readonly string[], finder: KindFinder): Promise<readonly Target[]> {
  const [first, ...names] = words;
  if (first === undefined)
    throw new UsageError(
      'you must name the type of resource, such as pods\nSee what there is: pikelet api-resources',
    );
  if (words.some(word => word.includes('/'))) return parseSlashed(words, finder);
  const kinds = (
    await Promise.all(
      first
        .split(',')
        .filter(Boolean)
        .map(word => kindsOf(word, finder)),
    )
  ).flat();
  return kinds.map(kind => ({ kind, names }));
}

async function kindsOf(word: string, finder: KindFinder): Promise<readonly Kind[]> {
  if (word === 'all') {
    const kinds = await finder.ofCategory('all');
    if (kinds.length > 0) return kinds;
  }
  return [await finder.byWord(word)];
}

async function parseSlashed(words: readonly string[], finder: KindFinder): Promise<readonly Target[]> {
  return Promise.all(
    words.map(async word => {
      const [type = '', name = '', ...rest] = word.split('/');
      if (type === '' || name === '' || rest.length > 0)
        throw new UsageError(
          `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'pikelet get pod/web' instead of 'pikelet get pod pod/web'): "${word}"`,
        );
      return { kind: await finder.byWord(type), names: [name] };
    }),
  );
}
