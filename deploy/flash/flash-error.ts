/** A failure of `pikelet flash` that its user can mend: the message names the option and says what to do next. */
export class FlashError extends Error {
  override readonly name = 'FlashError';
  /** 2 when the options themselves are wrong, 1 otherwise. */
  readonly exitCode: 1 | 2;
  constructor(message: string, options?: ErrorOptions & { readonly exitCode?: 1 | 2 }) {
    super(message, options);
    this.exitCode = options?.exitCode ?? 1;
  }
}
