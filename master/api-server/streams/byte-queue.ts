/** Pieces of bytes between a socket that brings them and a loop that takes them, with what waits counted. */
export class ByteQueue implements AsyncIterable<Buffer> {
  /** Bytes that nobody has taken. */
  waiting = 0;
  private readonly pieces: Buffer[] = [];
  private readonly onChange: (bytes: number) => void;
  private isEnded = false;
  private wake: () => void = () => undefined;

  /** `onChange` is told by how much `waiting` grew, or shrank. */
  constructor(onChange: (bytes: number) => void = () => undefined) {
    this.onChange = onChange;
  }

  push(piece: Buffer): void {
    if (this.isEnded) return;
    this.pieces.push(piece);
    this.change(piece.length);
    this.wake();
  }

  /** Nothing more comes; what waits can still be taken. */
  end(): void {
    this.isEnded = true;
    this.wake();
  }

  /** For one reader. Breaking off the loop drops what waits and all that would come. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    try {
      while (true) {
        const piece = this.pieces.shift();
        if (piece !== undefined) {
          this.change(-piece.length);
          yield piece;
        } else if (this.isEnded) return;
        else
          await new Promise<void>(resolve => {
            this.wake = resolve;
          });
      }
    } finally {
      this.drop();
    }
  }

  /** Drops what waits and all that would come. */
  drop(): void {
    this.pieces.length = 0;
    this.change(-this.waiting);
    this.end();
  }

  private change(bytes: number): void {
    this.waiting += bytes;
    this.onChange(bytes);
  }
}
