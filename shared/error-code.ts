/** The code of an error, such as `ENOENT` or `ERR_STREAM_PREMATURE_CLOSE`; undefined for whatever carries none. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
