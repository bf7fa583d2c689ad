/** The registry as one part of the control plane writes it: what that part writes, it owns, under its name. */
import type { ObjectRegistry } from './object-registry.ts';
import type { Registry } from './registry.ts';

export function registryAs(registry: ObjectRegistry, manager: string): Registry {
  const owner = { manager };
  return {
    create: (kind, object) => registry.create(kind, object, { owner }),
    update: (kind, object) => registry.update(kind, object, { owner }),
    updateStatus: (kind, object) => registry.updateStatus(kind, object, { owner }),
    delete: (kind, ref, options) => registry.delete(kind, ref, options),
    bind: (pod, node) => registry.bind(pod, node),
  };
}
