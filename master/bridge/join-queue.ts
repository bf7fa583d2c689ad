/** Devices that ask to join: one at a time, in order, and no more than a bounded number of them waiting. */
import type { Logger } from 'pino';
import type { JoinAnswer } from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';
import type { Broker } from '../broker/broker.ts';
import { answerJoin } from './join.ts';
import { MAX_PENDING_JOINS } from './limits.ts';

type JoinQueueDeps = Parameters<typeof answerJoin>[0] & {
  readonly broker: Pick<Broker, 'publish'>;
  readonly logger: Logger;
};

export type JoinQueue = {
  /** Answers the request of this client when its turn comes; at once, with Busy, when too many wait. */
  take(clientId: string, payload: Buffer): void;
  /** Resolves when every request taken so far has its answer. */
  idle(): Promise<void>;
};

const BUSY: JoinAnswer = {
  ok: false,
  reason: 'Busy',
  message: 'too many devices join at once: try again',
};

/** A request that cannot be answered is logged: the device asks again. */
export function createJoinQueue(deps: JoinQueueDeps, signal: AbortSignal): JoinQueue {
  const { broker, logger } = deps;
  let waiting = 0;
  let last = Promise.resolve();

  async function answer(clientId: string, payload: Buffer, isTooMany: boolean): Promise<void> {
    try {
      const said = isTooMany ? BUSY : await answerJoin(deps, payload, signal);
      await broker.publish(topics.joinAnswer(clientId), JSON.stringify(said), { qos: 1, retain: false });
    } catch (err) {
      logger.warn({ err }, 'join request not answered');
    }
  }

  return {
    idle: () => last,
    take(clientId, payload) {
      if (waiting >= MAX_PENDING_JOINS) return void answer(clientId, payload, true);
      waiting++;
      last = last.then(() => answer(clientId, payload, false)).finally(() => waiting--);
    },
  };
}
