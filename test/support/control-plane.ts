/** The whole master but its bridge, in this process: API, scheduler and control loops; devices that do what pods ask of them. */
import pino from 'pino';
import { expect } from 'vitest';
import { signClientRequest } from '../../master/auth/sign-request.ts';
import { startControllers } from '../../master/controllers/start.ts';
import { startScheduler } from '../../master/scheduler/loop.ts';
import type { UsageReader } from '../../master/watch/usage-reader.ts';
import { systemClock } from '../../shared/clock.ts';
import { type Answer, type Json, startTestApi, type TestApi } from './api.ts';
import { aNode } from './builders.ts';
import { ObedientKubelets } from './obedient-kubelets.ts';

export type TestControlPlane = TestApi & {
  readonly kubelets: ObedientKubelets;
  /** What the control loops and the scheduler warned of. */
  readonly warnings: readonly string[];
  addNode(
    name: string,
    given?: { allocatable?: Record<string, string>; labels?: Record<string, string> },
  ): Promise<void>;
  /** Resolves once `holds`; looks again after each change. */
  until(holds: () => boolean): Promise<void>;
  /** The object at a path. */
  get(path: string): Promise<Json>;
  /** What a list holds. */
  list(path: string): Promise<Json[]>;
  /** Creates; fails the test when it is refused. */
  create(path: string, body: Json): Promise<Json>;
  /** Replaces; fails the test when it is refused. */
  replace(path: string, body: Json): Promise<Json>;
  /** A JSON merge patch, or one of another type; fails the test when it is refused. */
  patch(path: string, body: Json, type?: string): Promise<Json>;
  remove(path: string, options?: Json): Promise<Answer>;
};

/** `podUsage`: what pods use, for who sizes by it; nothing is known without. */
export async function startControlPlane({
  podUsage = () => undefined,
}: {
  podUsage?: UsageReader['podUsage'];
} = {}): Promise<TestControlPlane> {
  const api = await startTestApi();
  const stopped = new AbortController();
  const warnings: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void warnings.push(line) });
  const { cache: view, registry, ca, tokens } = api;
  const deps = { view, registry, clock: systemClock, logger, random: Math.random };
  const signRequest = (request: Parameters<typeof signClientRequest>[1]) =>
    signClientRequest({ ca, clock: systemClock }, request);
  const keys = { tokens, caPem: ca.caPem, signRequest };
  const kubelets = new ObedientKubelets(api);
  const running = Promise.all([
    startControllers({ ...deps, keys, caPem: ca.caPem, usage: { podUsage } }, stopped.signal),
    startScheduler({ ...deps, usage: { usageOf: () => undefined } }, stopped.signal),
  ]);
  const accepted = (answer: Answer): Json => {
    expect(answer.code, answer.text).toBeLessThan(300);
    return answer.json();
  };
  return {
    ...api,
    kubelets,
    warnings,
    async addNode(name, { allocatable, labels } = {}) {
      const { kind, apiVersion, spec, status, metadata } = aNode({ name, allocatable });
      const node = await registry.create('Node', {
        kind,
        apiVersion,
        spec,
        metadata: { name, labels: { ...metadata.labels, ...labels } },
      });
      await registry.updateStatus('Node', { ...node, status });
    },
    until(holds) {
      if (holds()) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const unsubscribe = view.onChange(() => {
          try {
            if (!holds()) return;
            resolve();
          } catch (error) {
            reject(error);
          }
          unsubscribe();
        });
      });
    },
    get: async path => accepted(await api.call(path)),
    list: async path => accepted(await api.call(path)).items,
    create: async (path, body) => accepted(await api.call(path, { method: 'POST', body })),
    replace: async (path, body) => accepted(await api.call(path, { method: 'PUT', body })),
    patch: async (path, body, type = 'application/merge-patch+json') =>
      accepted(await api.call(path, { method: 'PATCH', body, headers: { 'content-type': type } })),
    remove: (path, options) => api.call(path, { method: 'DELETE', body: options }),
    async stop() {
      stopped.abort();
      await running;
      await kubelets.stop();
      await api.stop();
    },
  };
}
