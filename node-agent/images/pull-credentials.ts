/**
 * Which credentials a registry is offered for an image: those of the pod's imagePullSecrets whose key matches its name, as
 * the kubelet matches them. Pure. Source: k8s.io/kubernetes/pkg/credentialprovider/keyring.go.
 */
import * as v from 'valibot';
import { digestOf } from '../../shared/digest.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { RegistryCredentials } from '../runtime/container-runtime.ts';
import { repositoryOf } from './image-name.ts';

const Entries = v.record(
  v.string(),
  v.object({
    username: v.optional(v.string(), ''),
    password: v.optional(v.string(), ''),
    /** base64 of `username:password`; counts before the two. */
    auth: v.optional(v.string(), ''),
  }),
);
const DockerConfigJson = v.object({ auths: v.optional(Entries, {}) });

/** Docker Hub's, which images without a registry in their name come from. */
const DEFAULT_REGISTRY_KEY = 'index.docker.io';

export type PullCredentials = {
  /** To be tried in this order, the most specific key first; none: the registry is asked anonymously. */
  readonly credentials: readonly RegistryCredentials[];
  /** Names of Secrets that are not there. */
  readonly missing: readonly string[];
};

/** Throws PullSecretError for a Secret that cannot be read. */
export function pullCredentials(document: PodDocument, image: string): PullCredentials {
  const names = secretNames(document);
  const entries = names.flatMap(name => entriesOf(name, document.secrets[name]?.data ?? {}));
  return {
    credentials: matching(entries, repositoryOf(image)),
    missing: names.filter(name => document.secrets[name] === undefined),
  };
}

/** A Secret that does not hold what its key promises. */
export class PullSecretError extends Error {
  override readonly name = 'PullSecretError';
}

/**
 * Names a pull: of the same image with the same Secrets it is the same, for whichever pod, and what comes of it holds for
 * all of them. Begins with the image, up to a space.
 */
export function pullKeyOf(document: PodDocument, image: string): string {
  const names = secretNames(document);
  if (names.length === 0) return image;
  return `${image} ${digestOf(names.map(name => [name, document.secrets[name]?.data ?? null]))}`;
}

function secretNames({ spec }: PodDocument): readonly string[] {
  return (spec.imagePullSecrets ?? []).flatMap(({ name }) => (name ? [name] : []));
}

type Entry = { readonly key: string; readonly username: string; readonly password: string };

function entriesOf(secret: string, data: Readonly<Record<string, string>>): readonly Entry[] {
  try {
    const json = data['.dockerconfigjson'];
    if (json !== undefined) return readEntries(v.parse(DockerConfigJson, decode(json)).auths);
    const legacy = data['.dockercfg'];
    return legacy === undefined ? [] : readEntries(v.parse(Entries, decode(legacy)));
  } catch {
    // Without its cause, whose words may quote the Secret.
    throw new PullSecretError(`imagePullSecret "${secret}" is not a valid Docker configuration`);
  }
}

function decode(base64: string): unknown {
  return JSON.parse(Buffer.from(base64, 'base64').toString('utf8'));
}

function readEntries(entries: v.InferOutput<typeof Entries>): readonly Entry[] {
  return Object.entries(entries).map(([location, { username, password, auth }]) => {
    const key = keyOf(location);
    if (auth === '') return { key, username, password };
    const text = Buffer.from(auth, 'base64').toString('utf8');
    const colonAt = text.indexOf(':');
    if (colonAt < 0) throw new Error('auth must be base64 of username:password');
    return { key, username: text.slice(0, colonAt), password: text.slice(colonAt + 1) };
  });
}

/** Host and path of a location; `https://`, and the `/v1/` and `/v2/` of a registry's API, mean nothing. */
function keyOf(location: string): string {
  const [host = '', ...path] = location.replace(/^https?:\/\//, '').split('/');
  const rest = `/${path.join('/')}`.replace(/^\/v[12]\//, '/');
  return rest === '/' ? host : host + rest;
}

function matching(entries: readonly Entry[], repository: string): readonly RegistryCredentials[] {
  const keys = [...new Set(entries.map(({ key }) => key))].sort().reverse();
  const matched = keys.filter(key => isMatch(key, repository));
  const isOfHub = repository.startsWith('docker.io/');
  const chosen = matched.length === 0 && isOfHub ? [DEFAULT_REGISTRY_KEY] : matched;
  return chosen.flatMap(key =>
    entries
      .filter(entry => entry.key === key)
      .map(({ username, password }) => ({ username, password, serveraddress: key.split('/')[0] ?? key })),
  );
}

/** The port is equal, each part of the host is, where `*` and `?` stand for what they do in a file's name, and the path begins with the key's. */
function isMatch(key: string, repository: string): boolean {
  const wanted = splitKey(key);
  const given = splitKey(repository);
  return (
    wanted.port === given.port &&
    wanted.parts.length === given.parts.length &&
    given.path.startsWith(wanted.path) &&
    wanted.parts.every((part, index) => isGlobMatch(part, given.parts[index] ?? ''))
  );
}

function splitKey(key: string) {
  const slashAt = key.indexOf('/');
  const host = slashAt < 0 ? key : key.slice(0, slashAt);
  const [, name = '', port = ''] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return { parts: name.split('.'), port, path: slashAt < 0 ? '' : key.slice(slashAt) };
}

function isGlobMatch(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  try {
    return new RegExp(`^${source}$`).test(text);
  } catch {
    // An open bracket: it matches nothing, as in the kubelet.
    return false;
  }
}
