/** The engine on the thread that asks: for tests, and for tools that have no event loop to protect. */
import type { StoreEngine } from './engine.ts';
import { openSqliteEngine } from './sqlite-engine.ts';

/** Opens or creates the store at `path` (":memory:" for one without a file). Throws StoreOpenError. */
export function openInlineEngine(path: string): StoreEngine {
  const engine = openSqliteEngine(path);
  return {
    state: async () => engine.state(),
    apply: async writes => engine.apply(writes),
    get: async key => engine.get(key),
    list: async query => engine.list(query),
    count: async query => engine.count(query),
    history: async query => engine.history(query),
    compact: async revision => engine.compact(revision),
    close: async () => engine.close(),
  };
}
