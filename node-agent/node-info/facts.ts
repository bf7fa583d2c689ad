/** What the device is: read once at start, all from files, but for its addresses. */
import type * as core from 'kubernetes-types/core/v1';
import type { RuntimeInfo } from '../runtime/container-runtime.ts';
import { type Interfaces, nodeAddresses } from './addresses.ts';
import { parseCpuTimes, parseMemory } from './sample.ts';
import type { SystemFiles } from './system-files.ts';

export type NodeFacts = {
  /** Tells this device from every other, also from one with a copy of its card where the hardware has a serial number. */
  readonly deviceId: string;
  readonly hostname: string;
  /** Like `Raspberry Pi 4 Model B Rev 1.4`; absent where nothing tells. */
  readonly model?: string;
  /** As Kubernetes and Go call it: `amd64`, `arm64`, `arm`. */
  readonly architecture: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly bootId: string;
  readonly machineId: string;
  readonly systemUuid: string;
  readonly cpuCount: number;
  readonly memoryBytes: number;
  /** Of the disk with the agent's folder; 0 when that is not known. */
  readonly storageBytes: number;
  /** The one that outbound traffic leaves by first; ends with the host name. */
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
};

/** What the process knows of its host; tests give their own. */
export type Host = {
  readonly hostname: () => string;
  /** As `process.arch`. */
  readonly arch: string;
  /** As `os.release()`. */
  readonly release: () => string;
  readonly interfaces: () => Interfaces;
};

/** Never fails: what no file tells is empty, zero or absent. */
export function readFacts(files: SystemFiles, host: Host, storageBytes = 0): NodeFacts {
  const memory = parseMemory(files.read('/proc/meminfo') ?? '');
  const machineId = files.read('/etc/machine-id') ?? '';
  const hostname = host.hostname();
  return {
    deviceId: deviceId(files, host, machineId),
    hostname,
    model: genuine(files.read('/proc/device-tree/model') ?? files.read('/sys/class/dmi/id/product_name')),
    architecture: kubernetesArchitecture(host.arch),
    kernelVersion: host.release(),
    osImage: osImage(files.read('/etc/os-release') ?? ''),
    bootId: files.read('/proc/sys/kernel/random/boot_id') ?? '',
    machineId,
    systemUuid: genuine(files.read('/sys/class/dmi/id/product_uuid')) ?? hardwareSerial(files) ?? machineId,
    cpuCount: parseCpuTimes(files.read('/proc/stat') ?? '').cores,
    memoryBytes: memory.totalBytes,
    storageBytes,
    addresses: nodeAddresses(host.interfaces(), files.read('/proc/net/route') ?? '', hostname),
  };
}

/** `status.nodeInfo` of the Node; the engine's part is empty while the engine is not known. */
export function nodeSystemInfo(
  facts: NodeFacts,
  runtime: RuntimeInfo | undefined,
  agentVersion: string,
): core.NodeSystemInfo {
  return {
    architecture: facts.architecture,
    bootID: facts.bootId,
    containerRuntimeVersion: runtime ? `${runtime.name}://${runtime.version}` : '',
    kernelVersion: facts.kernelVersion,
    kubeProxyVersion: '',
    kubeletVersion: agentVersion,
    machineID: facts.machineId,
    operatingSystem: 'linux',
    osImage: facts.osImage,
    systemUUID: facts.systemUuid,
  };
}

/** Go's names, which image platforms and the label kubernetes.io/arch use. */
function kubernetesArchitecture(arch: string): string {
  const names: Record<string, string> = { x64: 'amd64', ia32: '386', mipsel: 'mipsle', ppc64: 'ppc64le' };
  return names[arch] ?? arch;
}

/** PRETTY_NAME of /etc/os-release (man 5 os-release). */
function osImage(osRelease: string): string {
  return /^PRETTY_NAME=(["']?)(.*)\1$/m.exec(osRelease)?.[2] ?? 'Linux';
}

/** The hardware's own number where there is one: a copied card brings a copied machine id with it. */
function deviceId(files: SystemFiles, host: Host, machineId: string): string {
  const serial = hardwareSerial(files);
  if (serial !== undefined) return `serial:${serial}`;
  const uuid = genuine(files.read('/sys/class/dmi/id/product_uuid'));
  if (uuid !== undefined) return `uuid:${uuid.toLowerCase()}`;
  if (machineId !== '') return `machine:${machineId}`;
  const macs = Object.values(host.interfaces()).flatMap(addresses => (addresses ?? []).map(({ mac }) => mac));
  const mac = macs.filter(address => address !== '00:00:00:00:00:00').sort()[0];
  return mac === undefined ? `host:${host.hostname()}` : `mac:${mac}`;
}

/** Of a board with a device tree; older Pi kernels say it only in /proc/cpuinfo. */
function hardwareSerial(files: SystemFiles): string | undefined {
  const cpuinfo = files.read('/proc/cpuinfo') ?? '';
  return (
    genuine(files.read('/proc/device-tree/serial-number')) ??
    genuine(/^Serial\s*:\s*([0-9a-fA-F]+)$/m.exec(cpuinfo)?.[1])
  );
}

/** Undefined for what makers leave in a field that they did not fill. */
function genuine(text: string | undefined): string | undefined {
  return text === undefined ||
    /^(0+|f+|none|unknown|default string|not specified|system (product name|serial number)|to be filled.*)$/i.test(
      text.replaceAll('-', ''),
    )
    ? undefined
    : text;
}
