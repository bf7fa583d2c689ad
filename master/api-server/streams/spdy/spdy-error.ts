/** The other side speaks no SPDY/3.1; its connection cannot go on. */
export class SpdyError extends Error {
  override readonly name = 'SpdyError';
}
