/** Bounds of the agent: unit, reason, and what happens at the bound. */
import type { BackoffPolicy } from '../shared/backoff.ts';

/** Tries to reach the broker, for ever: the first soon enough that a blip is not seen, the last often enough that a repaired link is used within seconds. */
export const RECONNECT_BACKOFF: BackoffPolicy = { baseMs: 250, capMs: 5000, factor: 2, jitter: 0.3 };

/** Wait after a refused credential or join, milliseconds: only a person can mend it, and each try costs the master a check. */
export const REFUSED_RETRY_MS = 30_000;

/** Longest wait for TCP and CONNACK together, and then for being subscribed and online, milliseconds; a silently cut link is then tried afresh. */
export const CONNECT_TIMEOUT_MS = 5000;

/** Longest wait for the answer to a join request, milliseconds. */
export const JOIN_TIMEOUT_MS = 10_000;

/** MQTT keep-alive, seconds: a link that is dead without a word is noticed after one and a half times this. */
export const KEEPALIVE_SECONDS = 3;

/** Longest wait for the goodbye at shutdown, milliseconds; after it the broker sends the will. */
export const GOODBYE_TIMEOUT_MS = 1500;

/** Shortest time between two reports, milliseconds: what changes meanwhile goes into one. */
export const REPORT_INTERVAL_MS = 50;

/** Events kept while they cannot be sent; at the bound the oldest are dropped. */
export const EVENTS_MAX = 256;

/** Events in one report: the rest follows in the next. */
export const EVENTS_PER_REPORT_MAX = 64;

/** Wait before asking again for documents that have not come, milliseconds. */
export const REQUEST_RETRY_MS = 2000;

/** Documents kept for an index that has not come yet; at the bound the oldest are dropped and asked for again. */
export const DOCUMENTS_AHEAD_MAX = 220;

/** Wait before a checkpoint that could not be written is tried again, milliseconds: a disk is seldom full for less. */
export const CHECKPOINT_RETRY_MS = 10_000;

/** A look at everything even if nothing happened, milliseconds: a lost hint costs at most this. */
export const RESYNC_INTERVAL_MS = 10_000;

/** Tries to reach the container engine. */
export const ENGINE_BACKOFF: BackoffPolicy = { baseMs: 500, capMs: 5000, factor: 2, jitter: 0.2 };

/** Kubernetes's CrashLoopBackOff: 10 s doubling to 5 min; the first restart is at once. */
export const CRASH_BACKOFF: BackoffPolicy = { baseMs: 10_000, capMs: 300_000, factor: 2, jitter: 0 };

/** A container that ran this long, milliseconds, starts its back-off anew: Kubernetes's 10 min. */
export const CRASH_RESET_MS = 600_000;

/** Kubernetes's image pull back-off. */
export const PULL_BACKOFF: BackoffPolicy = { baseMs: 10_000, capMs: 300_000, factor: 2, jitter: 0 };

/** Pulls side by side unless told otherwise: a card and a thin link are the bottleneck, and the kubelet's default is one too. */
export const PARALLEL_PULLS = 1;

/** Time between looks at the images and their disk, milliseconds: the kubelet's 5 min. A pull asks for one at once. */
export const IMAGE_LOOK_INTERVAL_MS = 300_000;

/** Used share of the disk, percent, at which unused images are removed, and at which that ends: the kubelet's. */
export const IMAGE_GC_HIGH_PERCENT = 85;
export const IMAGE_GC_LOW_PERCENT = 80;

/** Images younger than this are never removed, milliseconds: the kubelet's 2 min. */
export const IMAGE_GC_MIN_AGE_MS = 120_000;

/** Images in the node's status, the largest, and names of each: the kubelet's. */
export const NODE_IMAGES_MAX = 50;
export const NODE_IMAGE_NAMES_MAX = 5;

/** Time for which a failed pull shows as ErrImagePull before it shows as ImagePullBackOff, milliseconds. */
export const PULL_ERROR_SHOWN_MS = 2000;

/** Retries of a container that could not be made or started: no image to fetch, so sooner than a pull. */
export const CREATE_BACKOFF: BackoffPolicy = { baseMs: 2000, capMs: 60_000, factor: 2, jitter: 0 };

/** Pods of this priority keep the cluster itself alive: Kubernetes's SystemCriticalPriority. */
export const CRITICAL_PRIORITY = 2_000_000_000;

/** What pods get when the device shuts down, seconds, all together, and of that the critical ones: the example of Kubernetes's documentation. */
export const SHUTDOWN_GRACE_SECONDS = 30;
export const SHUTDOWN_CRITICAL_SECONDS = 10;

/** Kubernetes's default grace period, seconds, used for a pod of which only its containers are left. */
export const DEFAULT_GRACE_SECONDS = 30;

/** Time between samples of containers' usage, milliseconds: one engine call per container, so seldom. */
export const CONTAINER_USAGE_INTERVAL_MS = 10_000;

/** Time between samples of the device's usage, milliseconds: a few reads of /proc. */
export const NODE_USAGE_INTERVAL_MS = 2000;

/** Usage is sent at least this often, milliseconds, moved or not. */
export const USAGE_SENT_MS_MAX = 30_000;

/** CPU, thousandths of a core, that usage must move by to be sent. */
export const USAGE_CPU_STEP_MILLI = 50;

/** Memory, bytes, that usage must move by to be sent. */
export const USAGE_MEMORY_STEP_BYTES = 8 * 1024 * 1024;

/** Time between looks at what the device is (disk, conditions, addresses), milliseconds. */
export const NODE_REPORT_INTERVAL_MS = 10_000;

/** How far the clock must be set by, milliseconds, to be worth a report at once: NTP corrects less by and by. */
export const CLOCK_JUMP_MS = 5000;

/** Largest message of an event, characters: the wire's own bound. */
export const EVENT_MESSAGE_MAX = 1024;

/** Time between questions to a healthy engine what it is, milliseconds: it changes with an upgrade only. */
export const ENGINE_INFO_INTERVAL_MS = 300_000;

/** Longest wait for a pod's first tokens, milliseconds; it then starts without, and they appear in its volume when they come. */
export const TOKEN_WAIT_MS = 5000;

/** How long a device that starts waits for its link for the sake of tokens, milliseconds: pods must run without a master too. */
export const TOKEN_LINK_WAIT_MS = 2000;

/** Wait before a token that was refused is asked for again, milliseconds: mostly, its account is still to be made. */
export const TOKEN_RETRY_MS = 10_000;

/** A token is replaced after this, milliseconds, however long it is good for: the kubelet's 24 h. */
export const TOKEN_AGE_MS_MAX = 24 * 3_600_000;

/** Time between looks for tokens that get old, milliseconds: a token lives 10 min at the least. */
export const TOKEN_CHECK_MS = 60_000;

/** Time between looks whether a pod must be evicted, milliseconds: the kubelet's; the device is looked at as often. */
export const EVICTION_INTERVAL_MS = 10_000;

/** How long the disk must be short before a pod goes for it, milliseconds, and between two of them: unused images and ended containers go first. */
export const DISK_EVICTION_AFTER_MS = 60_000;

/** Time between measurements of the volumes that have a limit, milliseconds: each looks at every file of theirs. */
export const MEASURE_INTERVAL_MS = 60_000;

/** Files and folders looked at in one volume; beyond it is measured too low, and its pod stays. */
export const MEASURED_ENTRIES_MAX = 100_000;

/** Left to a container to end when hooks or other containers used the pod's grace period up, seconds: the kubelet's. */
export const GRACE_SECONDS_MIN = 2;

/** How long an evicted pod's containers may take to end, seconds: the kubelet's, for the device is in need. */
export const EVICTION_GRACE_SECONDS = 1;

/** Read of a container's termination message, bytes: the kubelet's; the rest is not looked at. */
export const TERMINATION_MESSAGE_BYTES = 4096;

/** Of a container's log where that takes the message's place: its last lines, and of these the last bytes; the kubelet's. */
export const TERMINATION_LOG_LINES = 80;
export const TERMINATION_LOG_BYTES = 2048;

/** From the kernel's word that a device came or went to the look at it, milliseconds: udev makes its names meanwhile. */
export const DEVICE_SETTLE_MS = 100;

/** Time between looks at what is attached, milliseconds: a lost hint costs at most this. */
export const DEVICE_RESYNC_INTERVAL_MS = 300_000;

/** The same where the kernel cannot tell what comes and goes: a few dozen reads each. */
export const DEVICE_LOOK_INTERVAL_MS = 10_000;
