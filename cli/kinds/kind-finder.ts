/** From the word a user types (`po`, `deployments.apps`, `Pod`) to a kind. */
import type { ApiClient } from '../connection/api-client.ts';
import { CliError } from '../errors.ts';
import { nearest } from '../nearest.ts';
import { BUILTIN_KINDS } from './builtin.ts';
import { discoverKinds } from './discovery.ts';
import type { Kind } from './kind.ts';

export interface KindFinder {
  /** Throws CliError when the server has no such kind, with the nearest name. */
  byWord(word: string): Promise<Kind>;
  /** By what a manifest says. Throws CliError when the server has no such kind. */
  byApiVersion(apiVersion: string, kind: string): Promise<Kind>;
  /** Every kind of a category, such as `all`; empty when there is none of the name. */
  ofCategory(category: string): Promise<readonly Kind[]>;
  all(): Promise<readonly Kind[]>;
}

/** Asks the server at most once, and only for what is not built in. */
export function createKindFinder(api: ApiClient, signal?: AbortSignal): KindFinder {
  let asked: Promise<readonly Kind[]> | undefined;
  const all = () => {
    asked ??= discoverKinds(api, signal);
    return asked;
  };
  return {
    all,
    async byWord(word) {
      const kind = findByWord(BUILTIN_KINDS, word) ?? findByWord(await all(), word);
      if (kind !== undefined) return kind;
      throw new CliError(`the server doesn't have a resource type "${word}"${didYouMean(word, await all())}`);
    },
    async byApiVersion(apiVersion, kind) {
      const found =
        findByApiVersion(BUILTIN_KINDS, apiVersion, kind) ?? findByApiVersion(await all(), apiVersion, kind);
      if (found !== undefined) return found;
      const other = (await all()).find(known => known.kind === kind);
      const hint =
        other === undefined
          ? didYouMean(kind, await all())
          : `; it serves ${kind} as ${other.group === '' ? '' : `${other.group}/`}${other.version}`;
      throw new CliError(`no matches for kind "${kind}" in version "${apiVersion}"${hint}`);
    },
    ofCategory: async category => (await all()).filter(kind => kind.categories.includes(category)),
  };
}

function didYouMean(word: string, kinds: readonly Kind[]): string {
  const known = [...BUILTIN_KINDS, ...kinds].flatMap(kind => [
    kind.plural,
    kind.singular,
    ...kind.shortNames,
  ]);
  const near = nearest(word, known);
  return near === undefined ? '\nSee what there is: pikelet api-resources' : `; did you mean "${near}"?`;
}

/** Plural, singular, short name or Kind, alone or followed by `.group` or `.version.group`; letters of any case. */
export function findByWord(kinds: readonly Kind[], word: string): Kind | undefined {
  const [name = '', ...rest] = word.toLowerCase().split('.');
  const qualifier = rest.join('.');
  return kinds.find(
    kind =>
      (kind.plural === name ||
        kind.singular === name ||
        kind.shortNames.includes(name) ||
        kind.kind.toLowerCase() === name) &&
      (qualifier === '' ||
        qualifier === kind.group ||
        qualifier === `${kind.version}.${kind.group}`.replace(/\.$/, '')),
  );
}

function findByApiVersion(kinds: readonly Kind[], apiVersion: string, name: string): Kind | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return kinds.find(kind => kind.kind === name && kind.group === group && kind.version === version);
}
