import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  hasClone,
  NO_SESSIONS,
  nextSessions,
  type SessionEffect,
  type SessionEvent,
  type Sessions,
} from './sessions.ts';

const connected = (connection: string): SessionEvent => ({ kind: 'connected', connection });
const gone = (connection: string): SessionEvent => ({ kind: 'gone', connection });
const online = (connection: string, epoch: string, nowMs = 0): SessionEvent => ({
  kind: 'online',
  connection,
  epoch,
  nowMs,
});
const heard = (connection: string, epoch: string, nowMs = 0): SessionEvent => ({
  kind: 'heard',
  connection,
  epoch,
  nowMs,
});
const offline = (connection: string, epoch: string): SessionEvent => ({ kind: 'offline', connection, epoch });
const silent: SessionEvent = { kind: 'silent' };

function run(events: readonly SessionEvent[]): { state: Sessions; effects: readonly SessionEffect[] } {
  let state = NO_SESSIONS;
  const effects: SessionEffect[] = [];
  for (const event of events) {
    const step = nextSessions(state, event);
    state = step.state;
    effects.push(...step.effects);
  }
  return { state, effects };
}

const said = ({ effects }: { effects: readonly SessionEffect[] }) =>
  effects.map(effect => {
    if (effect.kind === 'served') return `served ${effect.epoch}@${effect.connection}`;
    return effect.kind === 'lost'
      ? `lost ${effect.epoch} ${effect.reason}`
      : `superseded ${effect.connection}`;
  });

const clones = [connected('c1'), online('c1', 'A'), connected('c2'), online('c2', 'B', 100)];
const rows: { name: string; given: SessionEvent[]; want: string[]; isClone?: boolean }[] = [
  { name: 'a first session', given: [connected('c1'), online('c1', 'A')], want: ['served A@c1'] },
  {
    name: 'a message of a connection that is closed',
    given: [heard('c1', 'A'), online('c1', 'A')],
    want: [],
  },
  {
    name: 'the will, after its connection',
    given: [connected('c1'), online('c1', 'A'), gone('c1'), offline('c1', 'A')],
    want: ['served A@c1', 'lost A closed'],
  },
  {
    name: 'the will, before its connection',
    given: [connected('c1'), online('c1', 'A'), offline('c1', 'A'), gone('c1')],
    want: ['served A@c1', 'lost A offline'],
  },
  {
    name: 'the same process with a newer connection; the old one closes later, with its will',
    given: [
      connected('c1'),
      online('c1', 'A'),
      connected('c2'),
      online('c2', 'A'),
      offline('c1', 'A'),
      gone('c1'),
    ],
    want: ['served A@c1', 'superseded c1', 'served A@c2'],
  },
  {
    name: 'a close while a newer connection of the same process spoke, but not yet said online',
    given: [connected('c1'), online('c1', 'A'), connected('c2'), heard('c2', 'A'), gone('c1')],
    want: ['served A@c1', 'served A@c2'],
  },
  {
    name: 'silence, then the next heartbeat',
    given: [connected('c1'), online('c1', 'A'), silent, heard('c1', 'A')],
    want: ['served A@c1', 'lost A silent', 'served A@c1'],
  },
  {
    name: 'a restart of the agent, its old connection half-open',
    given: [...clones, silent],
    want: ['served A@c1', 'lost A silent', 'served B@c2'],
  },
  {
    name: 'a clone: both live on',
    given: [...clones, heard('c2', 'B', 1100), heard('c1', 'A', 1700)],
    want: ['served A@c1'],
    isClone: true,
  },
  {
    name: 'no clone yet: the last packets of a dying process',
    given: [...clones, heard('c2', 'B', 1100), heard('c1', 'A', 1200)],
    want: ['served A@c1'],
  },
  {
    name: 'a clone that is gone',
    given: [...clones, heard('c2', 'B', 1100), heard('c1', 'A', 1700), gone('c2')],
    want: ['served A@c1'],
  },
  {
    name: 'a clone that fell silent',
    given: [...clones, heard('c2', 'B', 1100), heard('c1', 'A', 1700), { kind: 'tick', nowMs: 12_000 }],
    want: ['served A@c1'],
  },
  {
    name: 'the holder goes: the clone takes over',
    given: [...clones, heard('c2', 'B', 1100), heard('c1', 'A', 1700), gone('c1')],
    want: ['served A@c1', 'lost A closed', 'served B@c2'],
  },
];
test.each(rows)('$name', ({ given, want, isClone = false }) => {
  const result = run(given);
  expect(said(result)).toEqual(want);
  expect(hasClone(result.state)).toBe(isClone);
});

test('whatever happens: who is served has an open connection, and rivals are others', () => {
  const connection = fc.constantFrom('c1', 'c2', 'c3');
  const epoch = fc.constantFrom('A', 'B', 'C');
  const nowMs = fc.nat(20_000);
  const event: fc.Arbitrary<SessionEvent> = fc.oneof(
    fc.record({ kind: fc.constantFrom('connected' as const, 'gone' as const), connection }),
    fc.record({ kind: fc.constantFrom('online' as const, 'heard' as const), connection, epoch, nowMs }),
    fc.record({ kind: fc.constant('offline' as const), connection, epoch }),
    fc.constant(silent),
    fc.record({ kind: fc.constant('tick' as const), nowMs }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), events => {
      const { holder, rivals, connections } = run(events).state;
      if (holder !== undefined) expect(connections.has(holder.connection)).toBe(true);
      for (const rival of rivals) {
        expect(rival.epoch).not.toBe(holder?.epoch);
        expect(connections.has(rival.connection)).toBe(true);
        expect(holder).toBeDefined();
      }
    }),
  );
});
