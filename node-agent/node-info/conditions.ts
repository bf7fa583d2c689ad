/** What is wrong with a device, as Kubernetes node conditions: each says how to mend it. Pure. */
import { RuntimeError, type RuntimeInfo } from '../runtime/container-runtime.ts';
import { fine, type NodeHealthCondition, RELIEF_FACTOR, trouble } from './condition.ts';
import { diskPressure, memoryPressure, pidPressure } from './pressure-conditions.ts';
import { readonlyFilesystem, storageWear } from './storage-conditions.ts';
import type { Thresholds } from './thresholds.ts';
import type { Vitals } from './vitals.ts';

/** The engine as last asked: what it is, why it did not answer, or undefined when it was not asked yet. */
export type EngineAnswer = RuntimeInfo | RuntimeError | undefined;

/** Where a Raspberry Pi slows itself down; it has recovered this much below. */
const TEMPERATURE_MILLI_CELSIUS_MAX = 85_000;
const TEMPERATURE_RELIEF_MILLI_CELSIUS = 10_000;

/** All conditions but Ready, in a fixed order. `troubled` names the types that were True the last time. */
export function nodeConditions(
  vitals: Vitals,
  engine: EngineAnswer,
  troubled: ReadonlySet<string>,
  thresholds: Thresholds,
): readonly NodeHealthCondition[] {
  const factorOf = (type: string) => (troubled.has(type) ? RELIEF_FACTOR : 1);
  return [
    memoryPressure(vitals, thresholds, factorOf('MemoryPressure')),
    diskPressure(vitals.disks, thresholds, factorOf('DiskPressure')),
    pidPressure(vitals, thresholds, factorOf('PIDPressure')),
    containerRuntimeUnavailable(engine),
    memoryLimitsUnavailable(vitals, engine),
    ...underVoltage(vitals),
    ...throttled(vitals),
    ...overheating(vitals, troubled.has('Overheating')),
    storageWear(vitals, troubled.has('StorageWear')),
    readonlyFilesystem(vitals),
  ];
}

function containerRuntimeUnavailable(engine: EngineAnswer): NodeHealthCondition {
  const type = 'ContainerRuntimeUnavailable';
  if (engine === undefined)
    return { type, status: 'Unknown', reason: 'NotAsked', message: 'the container engine was not asked yet' };
  if (engine instanceof RuntimeError)
    return trouble(
      type,
      engine.failure === 'unreachable' ? 'EngineUnreachable' : 'EngineFailing',
      engine.message,
    );
  return fine(type, 'EngineAnswers', `${engine.name} ${engine.version} answers`);
}

function memoryLimitsUnavailable(vitals: Vitals, engine: EngineAnswer): NodeHealthCondition {
  const type = 'MemoryLimitsUnavailable';
  const engineSaysNo = engine !== undefined && !(engine instanceof RuntimeError) && !engine.canLimitMemory;
  if (vitals.hasMemoryCgroup && !engineSaysNo)
    return fine(type, 'MemoryCgroupEnabled', 'memory limits of containers are kept');
  const where = vitals.commandLineFile ?? "the kernel's command line";
  const mend = vitals.hasMemoryCgroup
    ? 'the kernel could, but the container engine says that it cannot: restart it'
    : `add cgroup_enable=memory to the end of the line in ${where} and reboot`;
  return trouble(type, 'MemoryCgroupDisabled', `memory limits of containers are not kept: ${mend}`);
}

/** Whether the pods of this node are on its disk, for a start with no master. */
export function checkpointFailing(failure: string | undefined): NodeHealthCondition {
  const type = 'CheckpointFailing';
  if (failure === undefined) return fine(type, 'CheckpointKept', 'what runs here is kept on disk');
  const lost = 'a restart with no master would run what ran before';
  return trouble(type, 'CannotWrite', `what runs here is not kept on disk, ${lost}: ${failure}`);
}

/** Bits of get_throttled: https://www.raspberrypi.com/documentation/computers/os.html#get_throttled */
const NOW = { underVoltage: 1, capped: 0b1110 };
const SINCE_BOOT_SHIFT = 16;
const SUPPLY = 'use a stronger power supply and a shorter cable';
const COOLING = 'cool the device or improve its power supply';

/** None on a device without such a sensor. */
function underVoltage({ throttledBits, underVoltageAlarm }: Vitals): readonly NodeHealthCondition[] {
  const type = 'UnderVoltage';
  if (throttledBits === undefined && underVoltageAlarm === undefined) return [];
  const bits = throttledBits ?? 0;
  if (underVoltageAlarm || bits & NOW.underVoltage)
    return [trouble(type, 'SupplyTooWeak', `the supply voltage is too low: ${SUPPLY}`)];
  if ((bits >> SINCE_BOOT_SHIFT) & NOW.underVoltage)
    return [fine(type, 'SinceBoot', `the supply voltage was too low at times since boot: ${SUPPLY}`)];
  return [fine(type, 'SupplySufficient', 'the supply voltage is sufficient')];
}

/** None on a device that cannot tell. */
function throttled({ throttledBits }: Vitals): readonly NodeHealthCondition[] {
  const type = 'Throttled';
  if (throttledBits === undefined) return [];
  if (throttledBits & NOW.capped)
    return [trouble(type, 'ProcessorSlowedDown', `the processor is slowed down: ${COOLING}`)];
  if ((throttledBits >> SINCE_BOOT_SHIFT) & NOW.capped)
    return [fine(type, 'SinceBoot', `the processor was slowed down at times since boot: ${COOLING}`)];
  return [fine(type, 'FullSpeed', 'the processor runs at full speed')];
}

/** None on a device without such a sensor. */
function overheating(
  { temperatureMilliCelsius: temperature }: Vitals,
  troubled: boolean,
): readonly NodeHealthCondition[] {
  const type = 'Overheating';
  if (temperature === undefined) return [];
  const relief = troubled ? TEMPERATURE_RELIEF_MILLI_CELSIUS : 0;
  if (temperature < TEMPERATURE_MILLI_CELSIUS_MAX - relief)
    return [fine(type, 'TemperatureNormal', 'the processor is not too hot')];
  const celsius = Math.round(temperature / 1000);
  return [
    trouble(type, 'TemperatureHigh', `the processor is at ${celsius} °C: give the device air or a fan`),
  ];
}
