/** Keeps up with what is plugged in and out: the kernel says when names come and go in /dev, and then it is looked at. */
import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, pause } from '../../shared/clock.ts';
import { DEVICE_LOOK_INTERVAL_MS, DEVICE_RESYNC_INTERVAL_MS, DEVICE_SETTLE_MS } from '../limits.ts';
import { Waker } from '../sync/waker.ts';
import type { Device } from './device.ts';
import { type DeviceFiles, deviceFilesBelow } from './device-files.ts';
import { findDevices } from './find-devices.ts';

/** The first must be there; udev makes the others with the first serial port, after the port itself. */
const FOLDERS = ['/dev', '/dev/serial', '/dev/serial/by-id'];

export type DeviceWatchDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  /** Where /dev and /sys are. */
  readonly root: string;
  readonly onChange: () => void;
};

export class DeviceWatch {
  private readonly deps: DeviceWatchDeps;
  private readonly files: DeviceFiles;
  private readonly waker = new Waker();
  private watchers: readonly FSWatcher[] = [];
  private isWatched = true;
  private found: readonly Device[];

  constructor(deps: DeviceWatchDeps) {
    this.deps = deps;
    this.files = deviceFilesBelow(deps.root);
    this.found = findDevices(this.files);
  }

  /** What is attached, as the last look found it. */
  get devices(): readonly Device[] {
    return this.found;
  }

  /** Watches until aborted. Where the kernel cannot tell (no inotify watch is left, no /dev), it says so, and looks from time to time. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.deps;
    while (!signal.aborted) {
      this.watchAnew();
      this.look();
      const waitMs = this.isWatched ? DEVICE_RESYNC_INTERVAL_MS : DEVICE_LOOK_INTERVAL_MS;
      await this.waker.wait(clock, waitMs, signal);
      if (!signal.aborted) await pause(clock, DEVICE_SETTLE_MS, signal);
    }
    this.close();
  }

  private look(): void {
    const { log, onChange } = this.deps;
    const before = JSON.stringify(this.found);
    this.found = findDevices(this.files);
    if (JSON.stringify(this.found) === before) return;
    log.info({ devices: this.found.map(({ id }) => id) }, 'attached devices changed');
    onChange();
  }

  /** Before each look, so that nothing is missed: a folder that was removed and made again needs another watch. */
  private watchAnew(): void {
    this.close();
    const failures: unknown[] = [];
    this.watchers = FOLDERS.flatMap((folder, index) => {
      try {
        return [this.watchFolder(folder)];
      } catch (error) {
        if (index === 0) failures.push(error);
        return [];
      }
    });
    if (failures.length > 0 && this.isWatched)
      this.deps.log.warn({ err: failures[0] }, 'what is plugged in is noticed late: /dev cannot be watched');
    this.isWatched = failures.length === 0;
  }

  private watchFolder(folder: string): FSWatcher {
    // Names that come and go are `rename`; `change` is every write to /dev/null.
    const watcher = watch(join(this.deps.root, folder), event => {
      if (event === 'rename') this.waker.wake();
    });
    watcher.on('error', () => this.waker.wake());
    return watcher;
  }

  private close(): void {
    for (const watcher of this.watchers) watcher.close();
    this.watchers = [];
  }
}
