/** What is read of Docker's answers, API 1.41 to 1.50: parsed once, here. https://docs.docker.com/reference/api/engine/ */
import * as v from 'valibot';

/** Go writes an empty list or map as null. */
const orEmpty = <T extends v.GenericSchema>(schema: T) => v.nullish(schema);

export const VersionAnswer = v.object({
  ApiVersion: v.string(),
  MinAPIVersion: v.optional(v.string()),
  Components: orEmpty(v.array(v.object({ Name: v.string() }))),
});

export const InfoAnswer = v.object({
  ServerVersion: v.string(),
  OperatingSystem: v.string(),
  KernelVersion: v.string(),
  Architecture: v.string(),
  /** Absent before 20.10, which knew only version 1. */
  CgroupVersion: v.optional(v.string(), '1'),
  MemoryLimit: v.optional(v.boolean(), false),
  CpuCfsPeriod: v.optional(v.boolean(), false),
  CpuCfsQuota: v.optional(v.boolean(), false),
  DockerRootDir: v.string(),
  Plugins: v.optional(v.object({ Log: orEmpty(v.array(v.string())) })),
});
export type InfoAnswer = v.InferOutput<typeof InfoAnswer>;

export const ListAnswer = v.array(
  v.object({
    Id: v.string(),
    Labels: orEmpty(v.record(v.string(), v.string())),
    Image: v.string(),
    ImageID: v.string(),
    State: v.string(),
    /** Seconds since 1970. */
    Created: v.number(),
  }),
);
export type ListedContainer = v.InferOutput<typeof ListAnswer>[number];

export const CreateAnswer = v.object({ Id: v.string() });

export const ContainerAnswer = v.object({
  Id: v.string(),
  Created: v.string(),
  /** Digest of the image. */
  Image: v.string(),
  State: v.object({
    Status: v.string(),
    Pid: v.number(),
    ExitCode: v.number(),
    OOMKilled: v.boolean(),
    Error: v.string(),
    StartedAt: v.string(),
    FinishedAt: v.string(),
  }),
  Config: v.object({
    Image: v.string(),
    Tty: v.boolean(),
    OpenStdin: v.boolean(),
    Labels: orEmpty(v.record(v.string(), v.string())),
  }),
  /** Podman gives a container in another's network that one's address. */
  HostConfig: v.optional(v.object({ NetworkMode: v.optional(v.string(), '') }), {}),
  NetworkSettings: v.object({
    Networks: orEmpty(v.record(v.string(), v.object({ IPAddress: v.optional(v.string(), '') }))),
  }),
});
export type ContainerAnswer = v.InferOutput<typeof ContainerAnswer>;

/** Of an inspection with `size`. */
export const SizeAnswer = v.object({
  /** Bytes of the files that it created or changed. */
  SizeRw: v.optional(v.number(), 0),
});

export const ExecAnswer = v.object({
  Running: v.boolean(),
  /** Null while it runs. */
  ExitCode: v.nullish(v.number()),
  /** By the engine's own kernel; 0 before it runs. */
  Pid: v.optional(v.number(), 0),
});
export type ExecAnswer = v.InferOutput<typeof ExecAnswer>;

export const ImageAnswer = v.object({
  Id: v.string(),
  RepoDigests: orEmpty(v.array(v.string())),
  Size: v.number(),
  Config: v.nullish(v.object({ User: v.optional(v.string(), '') })),
});

export const ImagesAnswer = v.array(
  v.object({
    Id: v.string(),
    RepoTags: orEmpty(v.array(v.string())),
    RepoDigests: orEmpty(v.array(v.string())),
    Size: v.number(),
  }),
);

/** The images of all containers, whosever they are. */
export const UsedImagesAnswer = v.array(v.object({ ImageID: v.string() }));

export const StatsAnswer = v.object({
  cpu_stats: v.object({ cpu_usage: v.object({ total_usage: v.number() }) }),
  memory_stats: v.object({
    usage: v.optional(v.number()),
    stats: v.optional(v.record(v.string(), v.number())),
  }),
});
export type StatsAnswer = v.InferOutput<typeof StatsAnswer>;

/** One line of a pull's progress; only errors matter. */
export const PullProgress = v.object({
  error: v.optional(v.string()),
  errorDetail: v.optional(v.object({ message: v.optional(v.string()) })),
});
