/** The value that `text` says; undefined for text that is no JSON, which itself never says undefined. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
