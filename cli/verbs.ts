/** Every verb by name. A verb's file is loaded only when it is called, which keeps start-up short. */
import type { DeclareVerb } from './verb.ts';

export type VerbEntry = {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly summary: string;
  load(): Promise<DeclareVerb>;
};

export const VERBS: readonly VerbEntry[] = [
  {
    name: 'get',
    summary: 'Display one or many resources',
    load: async () => (await import('./verbs/get.ts')).declareGet,
  },
];
