/** Objects of one kind in memory, found by name, by namespace, by controlling owner. */
import type { KubeObject, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { controllerOf } from '../../shared/kubernetes/references.ts';

function keyOf(ref: ObjectRef): string {
  return `${ref.namespace ?? ''}/${ref.name}`;
}

export class ObjectTable<T extends KubeObject> {
  private readonly objects = new Map<string, T>();
  private readonly byOwner = new Map<string, Map<string, T>>();

  get(ref: ObjectRef): T | undefined {
    return this.objects.get(keyOf(ref));
  }

  put(object: T): void {
    this.remove(object.metadata);
    const key = keyOf(object.metadata);
    this.objects.set(key, object);
    const owner = controllerOf(object)?.uid;
    if (owner === undefined) return;
    const owned = this.byOwner.get(owner) ?? new Map<string, T>();
    this.byOwner.set(owner, owned.set(key, object));
  }

  remove(ref: ObjectRef): void {
    const key = keyOf(ref);
    const object = this.objects.get(key);
    if (object === undefined) return;
    this.objects.delete(key);
    const owner = controllerOf(object)?.uid ?? '';
    const owned = this.byOwner.get(owner);
    owned?.delete(key);
    if (owned?.size === 0) this.byOwner.delete(owner);
  }

  list(namespace?: string): readonly T[] {
    const all = [...this.objects.values()];
    return namespace === undefined ? all : all.filter(object => object.metadata.namespace === namespace);
  }

  ownedBy(uid: string): readonly T[] {
    return [...(this.byOwner.get(uid)?.values() ?? [])];
  }
}
