/** Counts the requests that were answered, by what they asked for. Labels are those of kube-apiserver's apiserver_request_total. */
import type { ResourcePath } from '../resource-path.ts';
import type { Sample } from './exposition.ts';

/** What a request is counted as; only what is served, or anybody could make up new series without end. */
export type RequestLabels = Readonly<
  Record<'verb' | 'group' | 'version' | 'resource' | 'subresource', string>
>;

/** kube-apiserver counts by method where that says it, and by its own words where not. */
const VERBS: Readonly<Record<string, string>> = { create: 'POST', update: 'PUT' };
const CONNECTS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** `verb`: as authorization knows it. The path must be one that is served. */
export function requestLabels(
  { group, version, plural, subresource = '' }: ResourcePath,
  verb: string,
): RequestLabels {
  const known = VERBS[verb] ?? verb.toUpperCase();
  return {
    verb: CONNECTS.has(subresource) ? 'CONNECT' : known,
    group,
    version,
    resource: plural,
    subresource,
  };
}

export class RequestCount {
  private readonly counts = new Map<string, { readonly labels: Sample['labels']; value: number }>();

  add(labels: RequestLabels, code: number): void {
    const key = `${Object.values(labels).join(' ')} ${code}`;
    const known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, { labels: { ...labels, code: String(code) }, value: 1 });
    else known.value++;
  }

  samples(): readonly Sample[] {
    return [...this.counts.values()];
  }
}
