/** Reading kubeconfig files: merging them and picking the context. Pure; the files are read by connect.ts. */
import * as v from 'valibot';
import { CliError } from '../errors.ts';

const ClusterSchema = v.object({
  server: v.string(),
  'certificate-authority': v.optional(v.string()),
  'certificate-authority-data': v.optional(v.string()),
  'insecure-skip-tls-verify': v.optional(v.boolean()),
  'tls-server-name': v.optional(v.string()),
});

const UserSchema = v.object({
  'client-certificate': v.optional(v.string()),
  'client-certificate-data': v.optional(v.string()),
  'client-key': v.optional(v.string()),
  'client-key-data': v.optional(v.string()),
  token: v.optional(v.string()),
  tokenFile: v.optional(v.string()),
  exec: v.optional(v.unknown()),
});

const ContextSchema = v.object({
  cluster: v.string(),
  user: v.optional(v.string(), ''),
  namespace: v.optional(v.string()),
});

const KubeconfigSchema = v.object({
  'current-context': v.nullish(v.string(), ''),
  clusters: v.nullish(v.array(v.object({ name: v.string(), cluster: ClusterSchema })), []),
  users: v.nullish(v.array(v.object({ name: v.string(), user: v.nullish(UserSchema, {}) })), []),
  contexts: v.nullish(v.array(v.object({ name: v.string(), context: ContextSchema })), []),
});

export type Cluster = v.InferOutput<typeof ClusterSchema>;
export type User = v.InferOutput<typeof UserSchema>;

/** Entries by name; `dir` is the folder of the file that an entry came from, which its relative paths start at. */
export type Kubeconfig = {
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, Cluster & { readonly dir: string }>;
  readonly users: ReadonlyMap<string, User & { readonly dir: string }>;
  readonly contexts: ReadonlyMap<string, v.InferOutput<typeof ContextSchema>>;
};

/** Checks one file's parsed content. Throws CliError that names the file and every faulty field. */
export function parseKubeconfig(content: unknown, file: { path: string; dir: string }): Kubeconfig {
  const parsed = v.safeParse(KubeconfigSchema, content ?? {});
  if (!parsed.success) {
    const faults = parsed.issues.map(issue => `${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
    throw new CliError(`${file.path} is not a kubeconfig: ${faults.join('; ')}`);
  }
  const { clusters, users, contexts } = parsed.output;
  const { dir } = file;
  return {
    currentContext: parsed.output['current-context'],
    clusters: new Map(clusters.map(({ name, cluster }) => [name, { ...cluster, dir }])),
    users: new Map(users.map(({ name, user }) => [name, { ...user, dir }])),
    contexts: new Map(contexts.map(({ name, context }) => [name, context])),
  };
}

/** One configuration of several files: the first to define a name wins, as with kubectl. */
export function mergeKubeconfigs(files: readonly Kubeconfig[]): Kubeconfig {
  const backwards = [...files].reverse();
  return {
    currentContext: files.find(file => file.currentContext !== '')?.currentContext ?? '',
    clusters: new Map(backwards.flatMap(file => [...file.clusters])),
    users: new Map(backwards.flatMap(file => [...file.users])),
    contexts: new Map(backwards.flatMap(file => [...file.contexts])),
  };
}

export type PickedContext = {
  readonly cluster: Cluster & { readonly dir: string };
  readonly user: User & { readonly dir: string };
  readonly namespace: string;
};

/** The cluster, user and namespace of a context (the current one without a name). Throws CliError that lists what there is. */
export function pickContext(config: Kubeconfig, name?: string): PickedContext {
  const wanted = name ?? config.currentContext;
  const context = config.contexts.get(wanted);
  if (context === undefined) {
    const known = [...config.contexts.keys()].join(', ') || 'none';
    throw new CliError(
      wanted === ''
        ? `the kubeconfig has no current-context; choose one with --context (there are: ${known})`
        : `context "${wanted}" does not exist; choose one with --context (there are: ${known})`,
    );
  }
  const cluster = config.clusters.get(context.cluster);
  if (cluster === undefined)
    throw new CliError(`cluster "${context.cluster}" of context "${wanted}" is not in the kubeconfig`);
  const user = config.users.get(context.user) ?? { dir: cluster.dir };
  return { cluster, user, namespace: context.namespace || 'default' };
}
