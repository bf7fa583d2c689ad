/**
 * The shape of every control loop: a pure plan over the view, and actions that one executor carries out.
 * A plan is level-triggered: it reads the whole truth about one object and returns the next steps, never asking which event woke it.
 */
import type { ApiError } from '../../shared/kubernetes/api-error.ts';
import type {
  BuiltinKindName,
  KindMap,
  KindName,
  KubeObject,
  New,
  ObjectRef,
} from '../../shared/kubernetes/objects.ts';
import type { Subject } from '../events/event.ts';
import type { DeleteOptions } from '../registry/registry.ts';
import type { ClusterView, ViewChange } from '../watch/cluster-view.ts';

/** A write to the store. */
export type Action =
  | {
      [K in KindName]: { readonly kind: 'create'; readonly of: K; readonly object: New<KindMap[K]> };
    }[KindName]
  | { [K in KindName]: { readonly kind: 'update'; readonly of: K; readonly object: KindMap[K] } }[KindName]
  | {
      [K in KindName]: { readonly kind: 'updateStatus'; readonly of: K; readonly object: KindMap[K] };
    }[KindName]
  | {
      readonly kind: 'delete';
      readonly of: KindName;
      readonly ref: ObjectRef;
      readonly options: DeleteOptions;
    }
  | {
      /** Certifies an approved request and writes the certificate, or why there is none, to its status. */
      readonly kind: 'sign';
      readonly of: 'CertificateSigningRequest';
      readonly request: KindMap['CertificateSigningRequest'];
    }
  | {
      readonly kind: 'event';
      readonly about: Subject;
      readonly type: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    };

export type Plan = {
  readonly actions: readonly Action[];
  /** Plan again then (the clock's milliseconds) even if nothing changes. */
  readonly againAtMs?: number;
};

export type PlanInput = {
  readonly view: ClusterView;
  readonly ref: ObjectRef;
  readonly nowMs: number;
  /** A new random name suffix at each call: five characters of Kubernetes's alphabet. */
  readonly suffix: () => string;
};

export type Controller<K extends KindName = KindName> = {
  /** Also the component that its events come from, such as `replicaset-controller`. */
  readonly name: string;
  /** The kind whose objects are its keys. */
  readonly of: K;
  /**
   * Which of its objects a change of another kind concerns. Given the object before or after the change; called for
   * both. Absent kinds wake nothing.
   */
  readonly wakes: {
    readonly [R in BuiltinKindName]?: (object: KindMap[R], view: ClusterView) => readonly ObjectRef[];
  };
  /** The same, asked of objects of every kind. */
  readonly wakesOfAny?: (object: KubeObject, view: ClusterView) => readonly ObjectRef[];
  /** Pure. An object that is gone gives the empty plan. In a world that stands still, plan after apply reaches the empty plan. */
  plan(input: PlanInput): Plan;
  /** What to write of an object after a write for it was refused, such as by a quota; nothing without. Pure. */
  refused?(input: PlanInput, refusal: ApiError): readonly Action[];
};

/** What a control loop is underneath: keys of any shape, which changes wake, and a plan for each. */
export type Loop<Key> = {
  readonly name: string;
  /** Every key there is, for the start. */
  keys(view: ClusterView): readonly Key[];
  woken(change: ViewChange, view: ClusterView): readonly Key[];
  /** Equal texts are one and the same key. */
  textOf(key: Key): string;
  parse(text: string): Key;
  /** Pure, as a controller's plan. */
  plan(key: Key, input: Omit<PlanInput, 'ref'>): Plan;
  /** Pure, as a controller's. */
  refused?(key: Key, input: Omit<PlanInput, 'ref'>, refusal: ApiError): readonly Action[];
};
