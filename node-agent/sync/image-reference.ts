/** Whether a text can name an image at all. Pure. The engine is never asked for one that cannot: part of its path, it might ask for something else. */

const NAME = '[a-z0-9]+(?:(?:[.]|__?|-+)[a-z0-9]+)*';
const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST = `(?:${LABEL}(?:[.]${LABEL})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?`;
const TAG = ':[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '@[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(?:${HOST}/)?${NAME}(?:/${NAME})*(?:${TAG})?(?:${DIGEST})?$`);

/** Longest reference, characters: a name of 255, a tag of 128 and a digest, with room. */
const LENGTH_MAX = 512;

/** True for `[host[:port]/]name[:tag][@digest]`. Grammar: github.com/distribution/reference. */
export function isImageReference(text: string): boolean {
  return text.length <= LENGTH_MAX && REFERENCE.test(text);
}
