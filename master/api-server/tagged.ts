/** Answers that a client may keep and ask for again only when they have changed. */
import type { Exchange } from './exchange.ts';

/** Sends what `make` makes, unless the client has it already, by the digest of it. [RFC 9110 13.1.2] */
export function sendTagged(
  exchange: Exchange,
  { digest, contentType }: { readonly digest: string; readonly contentType: string },
  make: () => string | Buffer,
): void {
  const etag = `"${digest.toUpperCase()}"`;
  const headers = { ETag: etag, Vary: 'Accept, Accept-Encoding' };
  const isKnown = exchange.header('if-none-match')?.includes(etag) ?? false;
  exchange.send(isKnown ? 304 : 200, contentType, isKnown ? '' : make(), headers);
}
