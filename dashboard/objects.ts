/** The members of API objects that the page reads, and no more. */

type Meta = {
  readonly uid: string;
  readonly name: string;
  readonly namespace?: string;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
};

export type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastHeartbeatTime?: string;
};

export type Node = {
  readonly metadata: Meta;
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly nodeInfo?: {
      readonly osImage?: string;
      readonly architecture?: string;
      readonly containerRuntimeVersion?: string;
    };
  };
};

type ContainerState = {
  readonly running?: object;
  readonly waiting?: {
    readonly reason?: string;
    readonly message?: string;
    readonly lastHeartbeatTime?: string;
  };
  readonly terminated?: { readonly reason?: string; readonly exitCode: number };
};

export type Pod = {
  readonly metadata: Meta;
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { readonly name: string; readonly image?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly Condition[];
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
      readonly state?: ContainerState;
    }[];
  };
};

export type ClusterEvent = {
  readonly metadata: Meta;
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly lastTimestamp?: string;
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
};

export type NodeMetrics = {
  readonly metadata: { readonly name: string };
  /** When the master last heard of the node. */
  readonly timestamp: string;
  readonly usage: Readonly<Record<string, string>>;
};

export type Kept = { readonly metadata: Meta };
