/**
 * Tells a silent node from a busy link. Pure: times are milliseconds of the awake clock, which stands still while the
 * master itself is stalled. The numbers and what they promise: docs/failure-detection.md.
 */
import { HEARTBEAT_INTERVAL_MS } from '../../shared/protocol/limits.ts';

/** What is known of one node's link. */
export type Link = {
  /** When the last heartbeat came, or the link began. */
  readonly beatMs: number;
  /** When anything came. */
  readonly lifeMs: number;
  /** The longest silence past a due heartbeat since the last one that came. */
  readonly lateMs: number;
  /** The same for each of the last heartbeats, oldest first. */
  readonly latenessesMs: readonly number[];
  /** Heartbeats since the link began. */
  readonly beats: number;
};

/** A heartbeat may be this late on a link that was quiet so far: two retransmissions in a row (200 + 400 ms) and some. */
export const QUIET_MARGIN_MS = 750;
/** A new link's nature is not known yet, and a device that starts is busy. */
export const NEW_LINK_MARGIN_MS = 1500;
const NEW_LINK_BEATS = 5;
/** Shorter lateness is scheduling, not loss: Linux retransmits after 200 ms at the earliest (TCP_RTO_MIN). */
const LOSS_FROM_MS = 150;
/**
 * Each retransmission waits twice as long as the one before: after a lateness of p the next two are 2p + 200 ms and
 * 4p + 600 ms. With some more for the way, the margin survives a chain of losses two links longer than any seen lately.
 */
const MARGIN_FACTOR = 4;
const MARGIN_HEAD_START_MS = 700;
/** Never longer: Kubernetes itself waits 40 s, and a link with such gaps moves no pods either. */
export const MARGIN_MAX_MS = 9000;
/** Two minutes of heartbeats: how long a bad moment is remembered. */
const WINDOW_BEATS = 120;

export function openLink(nowMs: number): Link {
  return { beatMs: nowMs, lifeMs: nowMs, lateMs: 0, latenessesMs: [], beats: 0 };
}

/**
 * Any packet, or part of one, came in. A silence that was called one teaches nothing: it was a cut for all that is known,
 * and a device that is unplugged twice must be noticed as fast the second time.
 */
export function afterLife(link: Link, nowMs: number): Link {
  const silenceMs = nowMs - dueMs(link);
  const isLesson = silenceMs > link.lateMs && silenceMs < marginMs(link);
  return { ...link, lifeMs: nowMs, lateMs: isLesson ? silenceMs : link.lateMs };
}

/** A heartbeat came in. */
export function afterBeat(link: Link, nowMs: number): Link {
  const { lateMs } = afterLife(link, nowMs);
  return {
    beatMs: nowMs,
    lifeMs: nowMs,
    lateMs: 0,
    latenessesMs: [...link.latenessesMs.slice(1 - WINDOW_BEATS), lateMs],
    beats: link.beats + 1,
  };
}

/** From when on nothing but lateness explains the silence: the next heartbeat's time, or the last life sign's if later. */
function dueMs(link: Link): number {
  return Math.max(link.beatMs + HEARTBEAT_INTERVAL_MS, link.lifeMs);
}

function marginMs(link: Link): number {
  const peakMs = Math.max(0, ...link.latenessesMs);
  const lossMarginMs = peakMs < LOSS_FROM_MS ? 0 : MARGIN_FACTOR * peakMs + MARGIN_HEAD_START_MS;
  const floorMs = link.beats < NEW_LINK_BEATS ? NEW_LINK_MARGIN_MS : QUIET_MARGIN_MS;
  return Math.min(MARGIN_MAX_MS, Math.max(floorMs, lossMarginMs));
}

/** The node is silent from this time on, unless it is heard before. */
export function silentFromMs(link: Link): number {
  return dueMs(link) + marginMs(link);
}

/** True when one of the links was heard after this one should have been: then the master itself hears. */
export function isOtherHeardSince(link: Link, links: readonly Link[]): boolean {
  return links.some(other => other.lifeMs > dueMs(link));
}

/**
 * Whose silence it is, given every link that is served, this one among them: `nobody`'s yet; this `node`'s, when another
 * node was heard since; or `everyone`'s, when no node is heard any more, for which the master's own link is the likelier
 * cause. Between the two it waits, for a heartbeat or for the last node's silence: MARGIN_MAX_MS at most.
 */
export function whoIsSilent(
  link: Link,
  links: readonly Link[],
  nowMs: number,
): 'nobody' | 'node' | 'everyone' {
  if (nowMs < silentFromMs(link)) return 'nobody';
  if (isOtherHeardSince(link, links)) return 'node';
  return links.every(other => nowMs >= silentFromMs(other)) ? 'everyone' : 'nobody';
}
