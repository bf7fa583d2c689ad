/** Counts the calls under way of each client, so that one that asks without measure is told to wait, and all others are served. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { MAX_CALLS_PER_CLIENT } from './limits.ts';

export class CallCount {
  private readonly underWay = new Map<string, number>();

  /** Throws ApiError TooManyRequests past the bound; the returned function, called once, gives the place back. */
  enter(user: string): () => void {
    const count = this.underWay.get(user) ?? 0;
    if (count >= MAX_CALLS_PER_CLIENT)
      throw new ApiError('TooManyRequests', 'too many requests, please try again later', {
        retryAfterSeconds: 1,
      });
    this.underWay.set(user, count + 1);
    return () => this.leave(user);
  }

  private leave(user: string): void {
    const count = this.underWay.get(user) ?? 0;
    if (count > 1) this.underWay.set(user, count - 1);
    else this.underWay.delete(user);
  }
}
