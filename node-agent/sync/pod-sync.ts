/**
 * The kubelet's loop: looks at the engine, plans, acts, and looks again. Single-flight and level-triggered: whatever
 * woke it, it reads everything anew. Owns the containers of this node; never talks to the master.
 */
import type { Logger } from 'pino';
import { backoffDelayMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import { allContainers } from '../../shared/kubernetes/pod-containers.ts';
import type { EventReport, PodDocument, PodReport } from '../../shared/protocol/messages.ts';
import type { Device } from '../devices/device.ts';
import { devicesOfPods } from '../devices/pod-devices.ts';
import type { Eviction } from '../eviction/plan.ts';
import {
  DEFAULT_GRACE_SECONDS,
  ENGINE_BACKOFF,
  EVICTION_GRACE_SECONDS,
  PULL_ERROR_SHOWN_MS,
  RESYNC_INTERVAL_MS,
} from '../limits.ts';
import { probeTargets } from '../probes/probe-targets.ts';
import { Prober } from '../probes/prober.ts';
import { runProbe } from '../probes/run-probe.ts';
import { VerdictFile } from '../probes/verdict-file.ts';
import { type ContainerRuntime, type RuntimeContainer, RuntimeError } from '../runtime/container-runtime.ts';
import { podFolders } from '../volumes/write-volumes.ts';
import { type DesiredSet, emptyDesiredSet, type WantedPod, wantedPods } from './desired-set.ts';
import type { Plan } from './draft.ts';
import { type ExecuteDeps, executeStep } from './execute-step.ts';
import { Finder } from './finder.ts';
import { Halter } from './halter.ts';
import { forgetStrangers, newMemory, noteExits, retryPulls, type SyncMemory } from './memory.ts';
import { plan } from './plan.ts';
import { type PodEnd, podEnds } from './pod-end.ts';
import { PodStatuses } from './pod-statuses.ts';
import type { RenderFacts } from './render-container.ts';
import { RunningSteps } from './running-steps.ts';
import { runsProgram, type ShutdownPeriods } from './shutdown.ts';
import { unsupportedFeatures } from './unsupported.ts';
import { Waker } from './waker.ts';

export type PodSyncDeps = {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1); spreads retries. */
  readonly random: () => number;
  readonly facts: () => RenderFacts;
  readonly emit: (event: EventReport) => void;
  /** What is attached to the device now. */
  readonly devices: () => readonly Device[];
  readonly tokensReady: ExecuteDeps['tokensReady'];
  /** In memory, the agent's own: what must outlive this process and touch no disk. */
  readonly memoryFolder: string;
  readonly puller: ExecuteDeps['puller'];
  readonly onImages: ExecuteDeps['onImages'];
  /** Called after each look with the uids of pods whose status changed; may be none. */
  readonly onLook: (changed: readonly string[]) => void;
  /** Called when the engine goes away, with why, and with undefined when it answers again. */
  readonly onEngine: (failure: RuntimeError | undefined) => void;
};

export class PodSync {
  private readonly deps: PodSyncDeps;
  private readonly memory: SyncMemory = newMemory();
  private readonly statuses = new PodStatuses();
  private readonly waker = new Waker();
  private readonly running: RunningSteps;
  private readonly prober: Prober;
  private readonly finder: Finder;
  private readonly verdictFile: VerdictFile;
  private readonly halter: Halter;
  private readonly graceOfLeft = new Map<string, number>();
  private readonly warned = new Set<string>();
  /** Uids of pods that this device ran before the agent started. */
  private admitted: ReadonlySet<string> = new Set();
  private set: DesiredSet = emptyDesiredSet;
  private engineFailures = 0;
  private looked: { readonly set: DesiredSet; readonly containers: readonly RuntimeContainer[] } | undefined;

  constructor(deps: PodSyncDeps) {
    this.deps = deps;
    const { runtime, puller, clock, log, facts, devices, emit, tokensReady, onImages } = deps;
    const documentOf = (uid: string) => this.set.acting.get(uid);
    const { memory } = this;
    const executeDeps = {
      ...{ runtime, puller, memory, clock, log, facts, devices, documentOf, emit, tokensReady, onImages },
    };
    this.running = new RunningSteps({
      clock,
      log,
      execute: (step, signal) => executeStep(executeDeps, step, signal),
    });
    this.finder = new Finder({ runtime, clock, log, memory, podsFolder: () => facts().podsFolder });
    this.verdictFile = new VerdictFile(deps.memoryFolder);
    this.halter = new Halter({
      clock,
      memory,
      phaseOf: uid => this.statuses.current.get(uid)?.status.phase,
      end: (uid, end) => this.end(uid, end),
    });
    const addressOf = ({ uid, spec }: PodDocument) =>
      this.statuses.current.get(uid)?.status.podIP ?? (spec.hostNetwork ? '127.0.0.1' : undefined);
    this.prober = new Prober({
      clock,
      random: deps.random,
      verdicts: this.memory.verdicts,
      run: (target, signal) => runProbe({ runtime, clock }, target, addressOf(target.document), signal),
      emit,
      onVerdict: () => {
        void this.keepVerdicts();
        this.waker.wake();
      },
    });
  }

  /** Goes on with the set that was worked towards before the agent started. */
  resume(set: DesiredSet): void {
    this.admitted = new Set(set.acting.keys());
    this.setDesired(set);
  }

  /** Works towards another set from now on. */
  setDesired(set: DesiredSet): void {
    for (const [uid, { document }] of this.set.acting)
      if (!set.acting.has(uid))
        this.graceOfLeft.set(uid, document.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS);
    this.set = set;
    this.waker.wake();
  }

  /** Ends a pod for good, for the sake of the device. */
  evict({ uid, message }: Eviction): void {
    this.end(uid, { reason: 'Evicted', message, graceSeconds: EVICTION_GRACE_SECONDS });
    this.waker.wake();
  }

  /** Stops all pods because the device shuts down. Resolves when none runs, their time is over, or the engine is away. */
  halt(periods: ShutdownPeriods, signal: AbortSignal): Promise<void> {
    const halted = this.halter.halt(periods, signal);
    this.waker.wake();
    return halted;
  }

  private end(uid: string, end: Omit<PodEnd, 'wallMs'>): void {
    const { clock, emit } = this.deps;
    this.memory.ended.set(uid, { ...end, wallMs: clock.nowMs() });
    const { reason, message } = end;
    emit({ podUid: uid, type: reason === 'DeadlineExceeded' ? 'Normal' : 'Warning', reason, message });
  }

  /** What is projected into these pods' volumes has changed: write it anew. */
  refreshFiles(uids: Iterable<string>): void {
    for (const uid of uids) this.memory.projected.delete(uid);
    this.waker.wake();
  }

  /** There is a network again: what could not be pulled for want of one is tried at once. */
  networkIsBack(): void {
    retryPulls(this.memory);
    this.waker.wake();
  }

  /** Something was plugged in or out: a pod may wait for it. */
  devicesChanged(): void {
    this.waker.wake();
  }

  /** Names and ids of the images that pods to be run ask for; undefined while it is not known which those are. */
  get wantedImages():
    | { readonly references: ReadonlySet<string>; readonly ids: ReadonlySet<string> }
    | undefined {
    const wanted = wantedPods(this.set);
    if (!wanted) return undefined;
    const references = imagesOf(wanted);
    const present = [...references].map(reference => this.memory.images.get(reference));
    const ids = present.flatMap(each => (each && each !== 'absent' ? [each.imageId] : []));
    return { references, ids: new Set(ids) };
  }

  /** The last status of each wanted pod, by uid. */
  get reports(): ReadonlyMap<string, PodReport> {
    return this.statuses.current;
  }

  /** Those of the volumes that are to go that are gone. */
  get removedVolumes(): readonly string[] {
    return (this.set.removeVolumes ?? []).filter(name => !this.memory.volumes.has(name));
  }

  /** Own containers as the last look found them; none before the first. */
  get containers(): readonly RuntimeContainer[] {
    return this.looked?.containers ?? [];
  }

  /** True once the engine was looked at with a desired set in hand: `reports` then names every wanted pod. */
  get hasLooked(): boolean {
    return this.looked?.set.index !== undefined;
  }

  /** Runs until aborted. Containers are left as they are. */
  async run(signal: AbortSignal): Promise<void> {
    const { podsFolder, memoryFolder, volumesFolder } = this.deps.facts();
    for (const folder of [podsFolder, memoryFolder])
      for (const uid of await podFolders(folder)) this.memory.folders.add(uid);
    for (const name of await podFolders(volumesFolder)) this.memory.volumes.add(name);
    for (const [id, verdicts] of await this.verdictFile.load()) this.memory.verdicts.set(id, verdicts);
    void this.listen(signal);
    while (!signal.aborted) {
      const waitMs = await this.look(signal);
      await this.waker.wait(this.deps.clock, waitMs, signal);
    }
  }

  private async keepVerdicts(): Promise<void> {
    try {
      await this.verdictFile.save(this.memory.verdicts);
    } catch (error) {
      this.deps.log.warn({ err: error }, 'verdicts of probes not kept');
    }
  }

  /** Turns the engine's hints into wakes. */
  private async listen(signal: AbortSignal): Promise<void> {
    try {
      for await (const _ of this.deps.runtime.changes(signal)) this.waker.wake();
    } catch (error) {
      // The safety resync still looks at everything.
      if (!signal.aborted) this.deps.log.error({ err: error }, 'listening to the engine ended');
    }
  }

  /** One look: reads, plans, reports, starts steps. Answers how long nothing needs to be looked at, milliseconds. */
  private async look(signal: AbortSignal): Promise<number> {
    const { runtime, log, onEngine, random } = this.deps;
    const busy = this.running.keys();
    try {
      const containers = await runtime.list(signal);
      if (this.engineFailures > 0) onEngine(undefined);
      this.engineFailures = 0;
      return await this.decide(containers, busy, signal);
    } catch (error) {
      if (signal.aborted) return 0;
      if (!(error instanceof RuntimeError)) throw error;
      this.halter.halted();
      if (this.engineFailures === 0) {
        log.warn({ reason: error.message }, 'container engine does not answer');
        onEngine(error);
      }
      return backoffDelayMs(ENGINE_BACKOFF, this.engineFailures++, random());
    }
  }

  private async decide(
    containers: readonly RuntimeContainer[],
    busy: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<number> {
    const { clock, facts, emit, onLook } = this.deps;
    const set = this.set;
    const wanted = wantedPods(set);
    if (!wanted) {
      this.looked = { set, containers };
      onLook([]);
      this.halter.halted();
      return RESYNC_INTERVAL_MS;
    }
    this.halter.mark(wanted, containers);
    this.remember(wanted, containers);
    this.allocateDevices(wanted, containers, busy);
    const times = { nowMs: clock.monotonicMs(), wallMs: clock.nowMs() };
    const { ends, deadlineAtMs } = podEnds({ wanted, containers, memory: this.memory, ...times });
    for (const { uid, end } of ends) this.end(uid, end);
    await this.finder.findDigests(containers, signal);
    await this.finder.hearLastWords(containers, uid => set.acting.get(uid)?.document, signal);
    const made = await this.planned(wanted, containers, signal);
    if (set !== this.set) this.waker.wake();
    const isBusy = wanted.some(({ uid }) => this.running.isBusyWith(uid));
    if (made.steps.length === 0 && !isBusy && !containers.some(runsProgram)) this.halter.halted();
    const gone = new Set(made.gone.filter(uid => !this.running.isBusyWith(uid)));
    const world = { wanted, containers, gone, memory: this.memory, hostIp: facts().hostIp };
    const changed = this.statuses.update(world, clock, emit);
    this.looked = { set, containers };
    onLook(changed);
    this.prober.update(probeTargets(wanted, containers, this.memory), signal);
    this.running.abortPulls(image => imagesOf(wanted).has(image));
    if (set === this.set) this.running.begin(made.steps, busy, signal, () => this.waker.wake());
    return this.untilNextMs(made, deadlineAtMs);
  }

  /** Gives pods the devices that they ask for; ends those for which there are none. */
  private allocateDevices(
    wanted: readonly WantedPod[],
    containers: readonly RuntimeContainer[],
    busy: ReadonlySet<string>,
  ): void {
    const { memory } = this;
    const isBusy = (uid: string) => [...busy].some(key => key.startsWith(`${uid}/`));
    const given = devicesOfPods({ devices: this.deps.devices(), wanted, containers, memory, isBusy });
    for (const uid of [...memory.devices.keys()]) if (!isBusy(uid)) memory.devices.delete(uid);
    for (const [uid, held] of given.held) memory.devices.set(uid, held);
    memory.awaitingDevices.clear();
    for (const uid of given.waiting) memory.awaitingDevices.add(uid);
    // Its device may be found later than its pod after a boot.
    for (const [uid, message] of given.refused)
      if (this.admitted.has(uid)) memory.awaitingDevices.add(uid);
      else this.end(uid, { reason: 'UnexpectedAdmissionError', message, graceSeconds: 0 });
  }

  private remember(wanted: readonly WantedPod[], containers: readonly RuntimeContainer[]): void {
    const { clock, emit } = this.deps;
    const nowMs = clock.monotonicMs();
    for (const { uid, document, ended, terminateWithinSeconds } of wanted) {
      const { memory } = this;
      const isEnding =
        ended || terminateWithinSeconds !== undefined || memory.ended.has(uid) || memory.halting.has(uid);
      if (isEnding && !this.memory.endingSince.has(uid)) this.memory.endingSince.set(uid, nowMs);
      if (!this.memory.seen.has(uid)) this.memory.seen.set(uid, { atMs: nowMs, wallMs: clock.nowMs() });
      if (!document || this.warned.has(uid)) continue;
      this.warned.add(uid);
      for (const feature of unsupportedFeatures(document)) emit({ podUid: uid, type: 'Warning', ...feature });
    }
    const uids = new Set(wanted.map(pod => pod.uid));
    forgetStrangers(this.memory, { uids, images: imagesOf(wanted) }, containers);
    for (const uid of this.warned) if (!uids.has(uid)) this.warned.delete(uid);
    for (const uid of this.graceOfLeft.keys())
      if (!containers.some(({ labels }) => labels.podUid === uid)) this.graceOfLeft.delete(uid);
    for (const [image, presence] of this.memory.images)
      if (presence === 'absent') this.memory.images.delete(image);
    noteExits(this.memory, containers, nowMs);
  }

  /** Plans, and when images are in the way that nothing is known of, looks for them and plans again. */
  private async planned(
    wanted: readonly WantedPod[],
    containers: readonly RuntimeContainer[],
    signal: AbortSignal,
  ): Promise<Plan> {
    const { memory, graceOfLeft } = this;
    const { removeVolumes } = this.set;
    const planNow = () =>
      plan({ wanted, containers, memory, graceOfLeft, removeVolumes, nowMs: this.deps.clock.monotonicMs() });
    const first = planNow();
    if (first.unknownImages.length === 0) return first;
    await Promise.all(first.unknownImages.map(image => this.finder.lookForImage(image, signal)));
    return planNow();
  }

  private untilNextMs(made: Plan, deadlineAtMs: number | undefined): number {
    const nowMs = this.deps.clock.monotonicMs();
    const shownUntilMs = [...this.memory.pullFailures.values()]
      .map(({ failedAtMs }) => failedAtMs + PULL_ERROR_SHOWN_MS)
      .filter(atMs => atMs > nowMs);
    const wakes = [
      made.wakeAtMs,
      deadlineAtMs,
      this.running.wakeAtMs,
      this.halter.wakeAtMs,
      ...shownUntilMs,
    ].filter(atMs => atMs !== undefined);
    return Math.max(0, Math.min(RESYNC_INTERVAL_MS, ...wakes.map(atMs => atMs - nowMs)));
  }
}

/** The images of the pods that are to run. */
function imagesOf(wanted: readonly WantedPod[]): ReadonlySet<string> {
  const specs = wanted.flatMap(({ document, terminateWithinSeconds }) =>
    document && terminateWithinSeconds === undefined ? [document.spec] : [],
  );
  const containers = specs.flatMap(allContainers);
  return new Set(containers.map(({ image }) => image ?? ''));
}
