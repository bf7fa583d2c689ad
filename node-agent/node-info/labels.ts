/** What of a device is worth scheduling by, as node labels. */
import type { NodeFacts } from './facts.ts';
import type { Hardware } from './hardware.ts';

/** Kubernetes's own three labels, and what is known of the hardware under `hardware.pikelet.dev/`. */
export function nodeLabels(facts: NodeFacts, hardware: Hardware | undefined): Record<string, string> {
  const described = {
    model: facts.model ?? hardware?.model,
    manufacturer: hardware?.manufacturer,
    cpu: hardware?.cpu,
    virtual: hardware?.isVirtual ? 'true' : undefined,
  };
  const labels: Record<string, string> = {
    'kubernetes.io/arch': facts.architecture,
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': labelValue(facts.hostname),
  };
  for (const [key, text] of Object.entries(described)) {
    const value = labelValue(text ?? '');
    if (value !== '') labels[`hardware.pikelet.dev/${key}`] = value;
  }
  return labels;
}

/** The nearest value that Kubernetes allows: at most 63 letters, digits, `-`, `_` and `.`, with a letter or digit at each end. */
function labelValue(text: string): string {
  return text
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 63)
    .replace(/[^A-Za-z0-9]+$/, '');
}
