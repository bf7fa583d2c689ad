/** A desired set as text with a checksum, so that half a file is never taken for a whole one. Pure. */
import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { parseJson } from '../../shared/parse-json.ts';
import { DesiredSchema, PodDocumentSchema } from '../../shared/protocol/messages.ts';
import type { DesiredSet } from '../sync/desired-set.ts';

const BodySchema = v.object({
  index: v.omit(DesiredSchema, ['epoch', 'removeVolumes']),
  acting: v.array(v.object({ uid: v.string(), digest: v.string(), document: PodDocumentSchema })),
});

const HeaderSchema = v.object({ version: v.literal(1), sha256: v.string() });

/** One line of header, then the set as JSON; undefined for a set without an index. */
export function encodeCheckpoint(set: DesiredSet): string | undefined {
  if (!set.index) return undefined;
  const acting = [...set.acting].map(([uid, held]) => ({ uid, ...held }));
  const body = JSON.stringify({ index: set.index, acting });
  return `${JSON.stringify({ version: 1, sha256: sha256(body) })}\n${body}\n`;
}

/** The set that was encoded; undefined when the text is cut short, damaged, or of another version. */
export function decodeCheckpoint(text: string): DesiredSet | undefined {
  const [head = '', body = '', rest] = text.split('\n');
  if (rest !== '') return undefined;
  const header = v.safeParse(HeaderSchema, parseJson(head));
  if (!header.success || header.output.sha256 !== sha256(body)) return undefined;
  const parsed = v.safeParse(BodySchema, parseJson(body));
  if (!parsed.success) return undefined;
  const { index, acting } = parsed.output;
  return {
    index,
    acting: new Map(acting.map(({ uid, digest, document }) => [uid, { digest, document }])),
    documents: new Map(acting.map(({ digest, document }) => [digest, document])),
  };
}

/** What makes two sets worth two writes: another generation alone does not, so that an idle cluster writes nothing. */
export function checkpointIdentity({ index, acting }: DesiredSet): string {
  const pods = index?.pods.map(pod => [
    pod.uid,
    acting.get(pod.uid)?.digest,
    pod.digest,
    pod.terminateWithinSeconds,
    pod.ended,
  ]);
  return JSON.stringify([index?.cluster, index?.incarnation, pods]);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
