/** The master's side of the wire as tests play it: the real broker, and behind it a hand that says what each node shall run. */
import { pino } from 'pino';
import { type Broker, startBroker } from '../../master/broker/broker.ts';
import { systemClock } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import {
  type CallMessage,
  type Desired,
  frame,
  type Heartbeat,
  INPUT_FRAME,
  type JoinAnswer,
  type PodDocument,
  type PodReport,
  REPLY_FRAME,
  type Report,
  type Request,
  type Session,
} from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';

export const NODE = 'pi-1';
export const CLUSTER = 'test-cluster';
export const PASSWORD = 'secret-of-pi-1';
export const JOIN_TOKEN = 'abcdef.0123456789abcdef';

export type ScriptedMaster = {
  readonly broker: Broker;
  readonly port: number;
  readonly sessions: Session[];
  readonly reports: Report[];
  readonly heartbeats: Heartbeat[];
  readonly requests: Request[];
  /** By call id: the bytes of output so far, and the end when it came. */
  readonly replies: Map<
    string,
    { output: Buffer; stderr: Buffer; frames: number; inputCreditBytes: number; end?: unknown }
  >;
  readonly joinRequests: unknown[];
  /** The newest that was said of each pod, by uid. */
  readonly pods: Map<string, PodReport>;
  /** Whether documents are sent before the index, as PROTOCOL.md asks; false to see them asked for. */
  sendsDocuments: boolean;
  joinAnswer: JoinAnswer;
  /** Sets what the node shall run, and tells it when it is online. */
  want(set: {
    readonly generation: number;
    readonly incarnation?: number;
    readonly pods: readonly { readonly document: PodDocument; readonly terminateWithinSeconds?: number }[];
  }): Promise<void>;
  sendDocuments(digests: readonly string[]): Promise<void>;
  call(id: string, message: CallMessage): Promise<void>;
  /** Sends input, whether it was granted or not. */
  input(id: string, bytes: Uint8Array): Promise<void>;
  dropConnection(): void;
  stop(): Promise<void>;
};

/** Messages are seen as they come. */
type MasterOptions = {
  /** Default CLUSTER. */
  readonly cluster?: string;
  readonly onHeartbeat?: () => void;
  /** Replies are handed over here, and kept nowhere. */
  readonly onReply?: (id: string, payload: Uint8Array) => void;
};

/** Listens on `port` of the loopback; 0 takes a free one. */
export async function startScriptedMaster(port = 0, options: MasterOptions = {}): Promise<ScriptedMaster> {
  const { cluster = CLUSTER, onHeartbeat, onReply } = options;
  const stopping = new AbortController();
  const broker = await startBroker(
    {
      listen: [{ kind: 'tcp', host: '127.0.0.1', port }],
      verifyNode: (node, password) => node === NODE && password === PASSWORD,
      verifyJoinToken: token => (token === JOIN_TOKEN ? { ok: true } : { ok: false, reason: 'unknown' }),
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    },
    stopping.signal,
  );
  const documents = new Map<string, PodDocument>();
  let desired: Omit<Desired, 'epoch'> | undefined;
  let epoch: string | undefined;

  const publish = (topic: string, message: unknown, retain = false) =>
    broker.publish(topic, JSON.stringify(message), { qos: 1, retain });
  const sendDocuments = (digests: readonly string[]) => {
    const found = digests.flatMap(digest => {
      const document = documents.get(digest);
      return document ? [{ digest, document }] : [];
    });
    return publish(topics.documents(NODE), { documents: found });
  };
  const sendDesired = async () => {
    if (!desired || epoch === undefined) return;
    if (master.sendsDocuments) await sendDocuments(desired.pods.map(pod => pod.digest));
    await publish(topics.desired(NODE), { ...desired, epoch }, true);
  };

  const master: ScriptedMaster = {
    broker,
    port: broker.addresses[0]?.port ?? 0,
    sessions: [],
    reports: [],
    heartbeats: [],
    requests: [],
    replies: new Map(),
    joinRequests: [],
    pods: new Map(),
    sendsDocuments: true,
    joinAnswer: { ok: true, node: NODE, password: PASSWORD, cluster },
    async want({ generation, incarnation = 1, pods }) {
      const index = pods.map(({ document, terminateWithinSeconds }) => {
        const digest = digestOf(document);
        documents.set(digest, document);
        return { uid: document.uid, digest, terminateWithinSeconds };
      });
      desired = { cluster, incarnation, generation, pods: index };
      await sendDesired();
    },
    sendDocuments,
    call: (id, message) =>
      broker.publish(topics.call(NODE, id), JSON.stringify(message), { qos: 0, retain: false }),
    input: (id, bytes) =>
      broker.publish(topics.call(NODE, id), frame(INPUT_FRAME, bytes), { qos: 0, retain: false }),
    dropConnection: () => broker.disconnect(NODE),
    async stop() {
      stopping.abort();
      await broker.closed;
    },
  };

  broker.listen({
    connected: () => {},
    activity: () => {},
    gone: () => {
      epoch = undefined;
    },
    message(peer, topic, payload) {
      if (topic.kind === 'reply' && onReply) return onReply(topic.id, payload);
      if (topic.kind === 'reply') {
        const reply = master.replies.get(topic.id) ?? {
          output: Buffer.alloc(0),
          stderr: Buffer.alloc(0),
          frames: 0,
          inputCreditBytes: 0,
        };
        const rest = payload.subarray(1);
        if (payload[0] === REPLY_FRAME.stdout) reply.output = Buffer.concat([reply.output, rest]);
        else if (payload[0] === REPLY_FRAME.stderr) reply.stderr = Buffer.concat([reply.stderr, rest]);
        else if (payload[0] === REPLY_FRAME.credit)
          reply.inputCreditBytes += JSON.parse(rest.toString()).bytes;
        else reply.end = JSON.parse(rest.toString());
        reply.frames++;
        master.replies.set(topic.id, reply);
        return;
      }
      const message = JSON.parse(payload.toString());
      if (topic.kind === 'heartbeat') {
        master.heartbeats.push(message);
        onHeartbeat?.();
      } else if (topic.kind === 'requests') master.requests.push(message);
      else if (topic.kind === 'report') {
        master.reports.push(message);
        for (const pod of message.pods) master.pods.set(pod.uid, pod);
      } else {
        master.sessions.push(message);
        if (message.state !== 'online') return;
        broker.serve(NODE, peer.connection);
        epoch = message.epoch;
        void sendDesired();
      }
    },
    joinRequest(clientId, payload) {
      master.joinRequests.push(JSON.parse(payload.toString()));
      void publish(topics.joinAnswer(clientId), master.joinAnswer);
    },
  });
  return master;
}
