/** How a device becomes a node: a join token for credentials of its own. */
import type { Logger } from 'pino';
import { backoffDelayMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import {
  CAPABILITY,
  type JoinAnswer,
  JoinAnswerSchema,
  type JoinRequest,
  parseMessage,
} from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';
import { JOIN_TIMEOUT_MS, RECONNECT_BACKOFF, REFUSED_RETRY_MS } from '../limits.ts';
import type { Credentials } from './credentials.ts';
import { ConnectError, openConnection } from './mqtt-connection.ts';

export type JoinOptions = {
  readonly url: string;
  readonly token: string;
  /** MQTT client id, which the join topics carry. */
  readonly clientId: string;
  readonly name?: string;
  readonly deviceId: string;
};

export type JoinDeps = { readonly clock: Clock; readonly log: Logger; readonly random: () => number };

/** Asks until the master has answered with credentials; each new reason for a refusal is logged once. Rejects when aborted. */
export async function join(deps: JoinDeps, options: JoinOptions, signal: AbortSignal): Promise<Credentials> {
  const { clock, log, random } = deps;
  let complaint = '';
  for (let failures = 0; ; failures++) {
    const answer = await askOnce(deps, options, signal);
    signal.throwIfAborted();
    if (answer.ok) {
      const { node, password, cluster } = answer;
      log.info({ node, cluster }, 'joined');
      return { node, password, cluster };
    }
    if (complaint !== answer.message) log.error({ url: options.url, reason: answer.reason }, answer.message);
    complaint = answer.message;
    const isWorthHurry = answer.reason === 'Unreachable';
    await clock.sleep(
      isWorthHurry ? backoffDelayMs(RECONNECT_BACKOFF, failures, random()) : REFUSED_RETRY_MS,
      signal,
    );
  }
}

async function askOnce(deps: JoinDeps, options: JoinOptions, signal: AbortSignal): Promise<JoinAnswer> {
  const { url, token, clientId, name, deviceId } = options;
  const timeout = new AbortController();
  try {
    let deliver: (answer: JoinAnswer) => void = () => {};
    const answered = new Promise<JoinAnswer>(resolve => {
      deliver = resolve;
    });
    const connection = await openConnection(
      {
        url,
        clientId,
        username: 'join',
        password: token,
        onMessage: (topic, payload) => {
          const parsed = parseMessage(JoinAnswerSchema, payload);
          if (topic === topics.joinAnswer(clientId) && parsed.ok) deliver(parsed.message);
        },
      },
      signal,
    );
    try {
      const request: JoinRequest = { name, deviceId, capability: CAPABILITY };
      await connection.subscribe([topics.joinAnswer(clientId)]);
      await connection.publish(topics.joinRequest(clientId), JSON.stringify(request), { qos: 1 });
      const nothing: JoinAnswer = { ok: false, reason: 'Unreachable', message: 'the master did not answer' };
      const late = deps.clock.sleep(JOIN_TIMEOUT_MS, timeout.signal).then(() => nothing);
      return await Promise.race([answered, late, connection.closed.then(() => nothing)]);
    } finally {
      connection.destroy();
    }
  } catch (error) {
    if (!(error instanceof ConnectError)) throw error;
    return error.reason === 'refused'
      ? {
          ok: false,
          reason: 'Unauthorized',
          message: 'the master refuses the join token; make a new one there with "pikelet token create"',
        }
      : { ok: false, reason: 'Unreachable', message: `the master is not reachable: ${error.message}` };
  } finally {
    timeout.abort();
  }
}
