/** What the compiler must be told once per kind to move objects of any kind through generic code. */
import type { ViewChange } from '../../master/watch/cluster-view.ts';
import type { KindMap, KindName, New, StoredMeta } from '../../shared/kubernetes/objects.ts';

type Shape<T> = {
  store(object: New<T>, metadata: StoredMeta): T;
  change(before: T | undefined, after: T | undefined): ViewChange;
};

/** How an object of each kind is stamped when it is stored, and how a change of it is told. */
export const SHAPES: { readonly [K in KindName]: Shape<KindMap[K]> } = {
  Namespace: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Namespace', before, after }),
  },
  Node: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Node', before, after }),
  },
  Pod: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Pod', before, after }),
  },
  Event: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Event', before, after }),
  },
  ConfigMap: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'ConfigMap', before, after }),
  },
  Secret: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Secret', before, after }),
  },
  Lease: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Lease', before, after }),
  },
  Deployment: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'Deployment', before, after }),
  },
  ReplicaSet: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'ReplicaSet', before, after }),
  },
  DaemonSet: {
    store: (object, metadata) => ({ ...object, metadata }),
    change: (before, after) => ({ kind: 'DaemonSet', before, after }),
  },
};
