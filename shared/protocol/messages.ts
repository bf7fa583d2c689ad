/**
 * The messages of the wire, version 1: one schema each, which parses and types. JSON in UTF-8, but for stream frames.
 * Unknown members are ignored, so that a newer side may add some. See PROTOCOL.md.
 */
import type * as core from 'kubernetes-types/core/v1';
import * as v from 'valibot';
import {
  MAX_PODS_PER_NODE,
  MAX_REMOVED_VOLUMES,
  MAX_REQUESTED_DOCUMENTS,
  MAX_REQUESTED_TOKENS,
} from './limits.ts';

/** Rises by one with each meaning added to the protocol: 1 the first, 2 exec, attach and port-forward. */
export const CAPABILITY = 2;

/** The least capability of an agent that takes a StreamCall; an older one knows only logs. */
export const STREAM_CAPABILITY = 2;

const text = v.pipe(v.string(), v.maxLength(253));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const terminalSide = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const instantMs = v.pipe(v.number(), v.finite());
/** An object of Kubernetes's own shape: checked by the registry's schema before it becomes part of the state. */
const kubeShape = <T>() =>
  v.custom<T>(value => typeof value === 'object' && value !== null && !Array.isArray(value));

const volumeNames = v.pipe(v.array(text), v.maxLength(MAX_REMOVED_VOLUMES));

/** Names one process of an agent: two live epochs under one node are a cloned device. */
const epoch = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

export const DesiredSchema = v.object({
  cluster: text,
  /** Grows when the master's state was restored from a backup. */
  incarnation: count,
  /** The store revision that this set was read at; within one incarnation it only grows. */
  generation: count,
  /** The session this set is for; an agent with another epoch ignores it. */
  epoch,
  pods: v.pipe(
    v.array(
      v.object({
        uid: text,
        digest: text,
        /** Present once the pod is being deleted: seconds it may take to stop. */
        terminateWithinSeconds: v.optional(count),
        /** The node itself ended it for good, as by an eviction: nothing of it runs any more. */
        ended: v.optional(v.boolean()),
      }),
    ),
    v.maxLength(MAX_PODS_PER_NODE),
  ),
  /** Names of volumes whose folders are to go; the agent says in its reports which of them are gone. */
  removeVolumes: v.optional(volumeNames),
});
export type Desired = v.InferOutput<typeof DesiredSchema>;
export type DesiredPod = Desired['pods'][number];

/** The volume that a claim of the pod is bound to, or in `error` why the pod cannot have it. */
const ClaimedVolumeSchema = v.union([
  v.object({
    volume: text,
    /** `folder`: one that the agent makes, by the volume's name. `local`: it is there. `hostPath`: as `hostType` says. */
    source: v.picklist(['folder', 'local', 'hostPath']),
    path: v.string(),
    hostType: v.optional(text),
  }),
  v.object({ error: v.string() }),
]);
export type ClaimedVolume = v.InferOutput<typeof ClaimedVolumeSchema>;

/** A pod as its node needs it: its spec and the objects that the spec refers to. Its digest covers all of it. */
export const PodDocumentSchema = v.object({
  uid: text,
  namespace: text,
  name: text,
  labels: v.record(v.string(), v.string()),
  annotations: v.record(v.string(), v.string()),
  spec: kubeShape<core.PodSpec>(),
  /** Status, by type, of those conditions that the spec's readinessGates name; one that is not there is left out. */
  conditions: v.optional(v.record(v.string(), v.string())),
  /** By name; an object that does not exist is left out, and the agent decides by the reference's `optional`. */
  configMaps: v.record(
    v.string(),
    v.object({ data: v.record(v.string(), v.string()), binaryData: v.record(v.string(), v.string()) }),
  ),
  /** By name; values in base64, as in the API. */
  secrets: v.record(v.string(), v.object({ data: v.record(v.string(), v.string()) })),
  /** By the name of the claim; one that does not exist is left out. */
  claims: v.optional(v.record(v.string(), ClaimedVolumeSchema)),
  /** What its containers' environment tells of: where the API is, and Services that were there before the pod. */
  services: v.optional(
    v.array(
      v.object({
        name: text,
        host: text,
        ports: v.array(v.object({ name: v.optional(text), port: count, protocol: text })),
      }),
    ),
  ),
});
export type PodDocument = v.InferOutput<typeof PodDocumentSchema>;

/** A token of the pod's service account, for a source of its projected volumes; an empty audience is the API's. */
const TokenRequestSchema = v.object({ podUid: text, audience: text, expirationSeconds: count });
export type TokenRequest = v.InferOutput<typeof TokenRequestSchema>;

/** The answer: a token and how long it is good from now on, or in `error` why there is none. */
const IssuedTokenSchema = v.object({
  ...TokenRequestSchema.entries,
  token: v.optional(v.string()),
  validSeconds: v.optional(count),
  error: v.optional(v.string()),
});
export type IssuedToken = v.InferOutput<typeof IssuedTokenSchema>;

export const DocumentsSchema = v.object({
  documents: v.array(v.object({ digest: text, document: PodDocumentSchema })),
  /** Never part of a document: nothing of them may reach a disk. */
  tokens: v.optional(v.array(IssuedTokenSchema)),
});
export type Documents = v.InferOutput<typeof DocumentsSchema>;

export const SessionSchema = v.object({
  epoch,
  state: v.picklist(['online', 'offline']),
  /** `will`: the broker lost the connection; `shutdown`: the agent said goodbye. */
  reason: v.optional(v.picklist(['will', 'shutdown'])),
  capability: count,
});
export type Session = v.InferOutput<typeof SessionSchema>;

/** One pod as the agent sees it. Times in `status` are of the agent's clock; `clockMs` of the report relates them to the master's. */
const PodReportSchema = v.object({
  uid: text,
  status: kubeShape<core.PodStatus>(),
  /** True when nothing of the pod is left on the device; the last word about it. */
  gone: v.optional(v.boolean()),
});
export type PodReport = v.InferOutput<typeof PodReportSchema>;

/** What a device is. Conditions are all but Ready, which is the master's to judge. */
const NodeReportSchema = v.object({
  labels: v.record(v.string(), v.string()),
  capacity: v.record(v.string(), v.string()),
  allocatable: v.record(v.string(), v.string()),
  nodeInfo: kubeShape<core.NodeSystemInfo>(),
  addresses: v.array(v.object({ type: text, address: text })),
  /** `Ready` here says whether the agent itself could run pods, with the reason when it cannot. */
  conditions: v.array(
    v.object({
      type: text,
      status: v.picklist(['True', 'False', 'Unknown']),
      reason: text,
      message: v.string(),
    }),
  ),
  /** Folder on the device in which the agent makes volumes. */
  volumesFolder: v.optional(v.pipe(v.string(), v.startsWith('/'), v.maxLength(4096))),
  images: v.optional(v.array(v.object({ names: v.array(v.string()), sizeBytes: count }))),
});
export type NodeReport = v.InferOutput<typeof NodeReportSchema>;

const EventReportSchema = v.object({
  podUid: v.optional(text),
  type: v.picklist(['Normal', 'Warning']),
  reason: text,
  message: v.pipe(v.string(), v.maxLength(1024)),
  /** `spec.containers{name}` as Kubernetes writes it, when the event is about one container. */
  fieldPath: v.optional(text),
});
export type EventReport = v.InferOutput<typeof EventReportSchema>;

export const ReportSchema = v.object({
  epoch,
  /** Grows by one with each report of an epoch. */
  sequence: count,
  /** The agent's clock when it sent this, milliseconds since 1970 by its own reckoning. */
  clockMs: instantMs,
  /** The desired set that the agent works towards; absent before it has any. */
  observed: v.optional(v.object({ incarnation: count, generation: count })),
  /** True when `pods` names every pod on the device: at the start of a session. */
  full: v.boolean(),
  pods: v.array(PodReportSchema),
  node: v.optional(NodeReportSchema),
  events: v.optional(v.array(EventReportSchema)),
  /** Those of `removeVolumes` that are gone. */
  removedVolumes: v.optional(volumeNames),
});
export type Report = v.InferOutput<typeof ReportSchema>;

const UsageSchema = v.object({
  cpuMilli: count,
  memoryBytes: count,
  temperatureMilliCelsius: v.optional(v.pipe(v.number(), v.integer())),
  pods: v.optional(
    v.array(
      v.object({
        uid: text,
        containers: v.array(v.object({ name: text, cpuMilli: count, memoryBytes: count })),
      }),
    ),
  ),
});
export type Usage = v.InferOutput<typeof UsageSchema>;

export const HeartbeatSchema = v.object({
  epoch,
  sequence: count,
  /** Left out when it moved too little to matter; the last one then still holds. */
  usage: v.optional(UsageSchema),
});
export type Heartbeat = v.InferOutput<typeof HeartbeatSchema>;

export const RequestSchema = v.object({
  epoch,
  documents: v.pipe(v.array(text), v.maxLength(MAX_REQUESTED_DOCUMENTS)),
  tokens: v.optional(v.pipe(v.array(TokenRequestSchema), v.maxLength(MAX_REQUESTED_TOKENS))),
});
export type Request = v.InferOutput<typeof RequestSchema>;

export const JoinRequestSchema = v.object({
  /** The wanted node name; the master makes one when it is absent. */
  name: v.optional(text),
  /** What tells this device from every other: a serial number or machine id. */
  deviceId: text,
  capability: count,
});
export type JoinRequest = v.InferOutput<typeof JoinRequestSchema>;

export const JoinAnswerSchema = v.variant('ok', [
  v.object({ ok: v.literal(true), node: text, password: text, cluster: text }),
  v.object({ ok: v.literal(false), reason: text, message: v.string() }),
]);
export type JoinAnswer = v.InferOutput<typeof JoinAnswerSchema>;

/** Container output, oldest first. `sinceMs` and times in the output are of the device's clock. */
const LogsCallSchema = v.object({
  kind: v.literal('logs'),
  podUid: text,
  container: text,
  follow: v.boolean(),
  previous: v.boolean(),
  timestamps: v.boolean(),
  tailLines: v.optional(count),
  sinceSeconds: v.optional(count),
  limitBytes: v.optional(count),
});

/** A command run in a running container; `tty` joins stderr to stdout. */
const ExecCallSchema = v.object({
  kind: v.literal('exec'),
  podUid: text,
  container: text,
  command: v.array(v.string()),
  stdin: v.boolean(),
  stdout: v.boolean(),
  stderr: v.boolean(),
  tty: v.boolean(),
});

/** The streams of a container's own process. */
const AttachCallSchema = v.object({
  kind: v.literal('attach'),
  podUid: text,
  container: text,
  stdin: v.boolean(),
  stdout: v.boolean(),
  stderr: v.boolean(),
  tty: v.boolean(),
});

/** One TCP connection to a port of the pod: input goes there, what comes back is stdout. */
const PortForwardCallSchema = v.object({
  kind: v.literal('portForward'),
  podUid: text,
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
});

/** What a call carries beside its input. */
export const CallSchema = v.variant('kind', [
  v.object({
    kind: v.literal('open'),
    call: v.variant('kind', [LogsCallSchema, ExecCallSchema, AttachCallSchema, PortForwardCallSchema]),
    creditBytes: count,
  }),
  /** The reader took this much: as many bytes more may be sent. */
  v.object({ kind: v.literal('credit'), bytes: count }),
  /** No more input comes. */
  v.object({ kind: v.literal('endInput') }),
  /** Of the caller's terminal, in characters; both fit the kernel's 16 bits. */
  v.object({ kind: v.literal('resize'), columns: terminalSide, rows: terminalSide }),
  v.object({ kind: v.literal('close') }),
]);
export type CallMessage = v.InferOutput<typeof CallSchema>;
export type AnyCall = Extract<CallMessage, { kind: 'open' }>['call'];
export type TerminalSize = { readonly columns: number; readonly rows: number };
export type LogsCall = v.InferOutput<typeof LogsCallSchema>;
/** A call whose bytes go both ways. */
export type StreamCall = Exclude<AnyCall, LogsCall>;

/** The end of a stream, as the agent says it; without `error` it ended as it should. */
export const ReplyEndSchema = v.object({
  /** Of an exec. */
  exitCode: v.optional(v.pipe(v.number(), v.integer())),
  error: v.optional(v.object({ reason: text, message: v.string() })),
});
export type ReplyEnd = v.InferOutput<typeof ReplyEndSchema>;

/** How much more input the agent takes; the first comes when the call has begun. */
export const ReplyCreditSchema = v.object({ bytes: count });

/** First byte of a reply frame: what the rest is. Output of a log is all `stdout`. */
export const REPLY_FRAME = { stdout: 1, end: 2, stderr: 3, credit: 4 } as const;

/** First byte of a call frame that carries input; every other begins with the `{` of a CallMessage. */
export const INPUT_FRAME = 1;

/** One frame: the byte that says what it is, then the rest. */
export function frame(kind: number, bytes: Uint8Array): Uint8Array {
  const framed = new Uint8Array(bytes.byteLength + 1);
  framed[0] = kind;
  framed.set(bytes, 1);
  return framed;
}

type Schema<T> = v.GenericSchema<unknown, T>;
export type ParsedMessage<T> =
  | { readonly ok: true; readonly message: T }
  | { readonly ok: false; readonly reason: string };

/** Parses one payload; the reason names the faulty member. Never throws. */
export function parseMessage<T>(schema: Schema<T>, payload: Uint8Array | string): ParsedMessage<T> {
  let json: unknown;
  try {
    json = JSON.parse(
      typeof payload === 'string'
        ? payload
        : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'),
    );
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
  const parsed = v.safeParse(schema, json, { abortEarly: true });
  if (parsed.success) return { ok: true, message: parsed.output };
  const issue = parsed.issues[0];
  return { ok: false, reason: `${v.getDotPath(issue) ?? 'message'}: ${issue.message}` };
}
