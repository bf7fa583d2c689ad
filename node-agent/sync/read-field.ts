/** The downward API: fields of the pod and resources of its containers, as text. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { parseBytes, parseCpuMilli } from '../../shared/quantity.ts';
import { RenderError } from './render-error.ts';

export type FieldFacts = {
  readonly nodeName: string;
  readonly hostIp: string;
  /** Absent where the container itself makes it. */
  readonly podIp?: string;
  /** What `limits` of a container without limits means. */
  readonly allocatableCpuMilli: number;
  readonly allocatableMemoryBytes: number;
  readonly allocatableStorageBytes: number;
};

const KEYED = /^metadata\.(labels|annotations)\['([^']+)'\]$/;

/** The value of a `fieldRef`. Throws RenderError for a field that is unknown or not known yet. */
export function readField(document: PodDocument, path: string, facts: FieldFacts): string {
  const keyed = KEYED.exec(path);
  if (keyed) {
    const [, kind, key = ''] = keyed;
    return (kind === 'labels' ? document.labels : document.annotations)[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return document.name;
    case 'metadata.namespace':
      return document.namespace;
    case 'metadata.uid':
      return document.uid;
    case 'metadata.labels':
      return formatMap(document.labels);
    case 'metadata.annotations':
      return formatMap(document.annotations);
    case 'spec.nodeName':
      return facts.nodeName;
    case 'spec.serviceAccountName':
      return document.spec.serviceAccountName ?? 'default';
    case 'status.hostIP':
    case 'status.hostIPs':
      return facts.hostIp;
    case 'status.podIP':
    case 'status.podIPs':
      return podIp(document, path, facts);
    default:
      throw new RenderError(`field "${path}" is not supported`);
  }
}

/** A line per entry, sorted: `key="value"`. Source: k8s.io/kubernetes/pkg/fieldpath. */
function formatMap(entries: Readonly<Record<string, string>>): string {
  return Object.entries(entries)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${quoted(value)}`)
    .join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** As Go's %q has it. */
function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to be escaped
  const escaped = text.replace(/["\\\x00-\x1f\x7f]/g, character => {
    const code = character.charCodeAt(0).toString(16).padStart(2, '0');
    return ESCAPES[character] ?? `\\x${code}`;
  });
  return `"${escaped}"`;
}

function podIp(document: PodDocument, path: string, facts: FieldFacts): string {
  if (document.spec.hostNetwork) return facts.hostIp;
  if (facts.podIp) return facts.podIp;
  // A pod whose environment names its address has a sandbox; but one that runs since before there were any has not.
  throw new RenderError(`field "${path}" is not known: the pod's network has no address`);
}

/** The value of a `resourceFieldRef` in units of its divisor, rounded up. Throws RenderError for an unknown one. */
export function readResourceField(
  document: PodDocument,
  own: core.Container,
  ref: core.ResourceFieldSelector,
  facts: FieldFacts,
): string {
  const all = [...document.spec.containers, ...(document.spec.initContainers ?? [])];
  const container = ref.containerName ? all.find(({ name }) => name === ref.containerName) : own;
  if (!container) throw new RenderError(`container "${ref.containerName}" not found`);
  const { limits, requests } = container.resources ?? {};
  const [kind, resource] = ref.resource.split('.');
  const asked = kind === 'limits' ? limits : kind === 'requests' ? requests : undefined;
  if (resource === 'cpu' && (kind === 'limits' || kind === 'requests')) {
    const milli = asked?.cpu !== undefined ? parseCpuMilli(asked.cpu) : undefined;
    const fallback = kind === 'limits' ? facts.allocatableCpuMilli : 0;
    return divide(milli ?? fallback, parseCpuMilli(divisorOf(ref)));
  }
  const allocatable: Record<string, number> = {
    memory: facts.allocatableMemoryBytes,
    'ephemeral-storage': facts.allocatableStorageBytes,
  };
  if (resource !== undefined && resource in allocatable && (kind === 'limits' || kind === 'requests')) {
    const bytes = asked?.[resource] !== undefined ? parseBytes(asked[resource]) : undefined;
    const fallback = kind === 'limits' ? allocatable[resource] : 0;
    return divide(bytes ?? fallback ?? 0, parseBytes(divisorOf(ref)));
  }
  throw new RenderError(`resource field "${ref.resource}" is not supported`);
}

function divisorOf(ref: core.ResourceFieldSelector): string {
  const divisor = String(ref.divisor ?? '1');
  return divisor === '0' ? '1' : divisor;
}

function divide(value: number, divisor: number | undefined): string {
  return String(Math.ceil(value / (divisor || 1)));
}
