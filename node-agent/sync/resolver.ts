/** The device's own way to look names up, for pods that add to it. */
import { readFile } from 'node:fs/promises';
import type * as core from 'kubernetes-types/core/v1';
import type { Resolver } from '../runtime/container-runtime.ts';

const FILE = '/etc/resolv.conf';
/** Where systemd-resolved names the servers behind its own, which only the device itself reaches. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf';

/** What a pod needs to know of it: nothing, unless it adds to it. */
export async function resolverFor({ dnsConfig, dnsPolicy }: core.PodSpec): Promise<Resolver | undefined> {
  return dnsConfig && dnsPolicy !== 'None' ? readResolver() : undefined;
}

/** Reads resolv.conf(5); what is missing or cannot be read gives an empty one. */
async function readResolver(): Promise<Resolver> {
  const read = async (path: string) => parseResolver(await readFile(path, 'utf8').catch(() => ''));
  const own = await read(FILE);
  const resolver = own.nameservers.includes('127.0.0.53') ? await read(BEHIND_STUB) : own;
  const isReachable = (server: string) => !/^127\.|^::1$/.test(server);
  return { ...resolver, nameservers: resolver.nameservers.filter(isReachable) };
}

/** The last `search` or `domain` counts, as for the C library. */
export function parseResolver(text: string): Resolver {
  const lines = text.split('\n').map(line =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
  const valuesOf = (...keys: string[]) =>
    lines.filter(([key = '']) => keys.includes(key)).map(([, ...values]) => values);
  return {
    nameservers: valuesOf('nameserver').flat(),
    searches: valuesOf('search', 'domain').at(-1) ?? [],
    options: valuesOf('options').flat(),
  };
}
