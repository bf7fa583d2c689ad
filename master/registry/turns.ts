/** Writers that must not overlap, one after the other by key. */
export class Turns {
  private readonly last = new Map<string, Promise<void>>();

  /** Runs `write` once every earlier one of this key has ended, well or badly. */
  take<T>(key: string, write: () => Promise<T>): Promise<T> {
    const turn = (this.last.get(key) ?? Promise.resolve()).then(write);
    const over = () => undefined;
    this.last.set(key, turn.then(over, over));
    return turn;
  }
}
