import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CreationRecord } from '../../src/index.js';
import { type InvalidLine, type Journal } from '../../src/node/index.js';
import { openJournalOn } from '../../src/node/journal.js';
import { leaseOf } from '../../src/node/lease.js';
import { ark } from '../../src/providers/ark.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { startWatch, type WatchState } from '../../src/state/watch-state.js';
import { type Fault, FaultyFiles, type Left } from './faulty-files.js';

// A program that is killed here leaves its timers behind.
// Files share their process: the next one must find real timers.
beforeAll(() => void vi.useFakeTimers());
afterAll(() => void vi.useRealTimers());
afterEach(() => void vi.clearAllTimers());

const directory = '/journal';
const path = `${directory}/watches.jsonl`;

/** The first five states of the second round are so long that the journal rewrites its file. */
const padding = 'x'.repeat(220_000);
const stateOf = (id: string, polls: number): WatchState => ({ ...startWatch({ provider: 'ark', id }, watchConfig(ark), 1000), baseUrl: `https://a.example/${polls > 200 && polls <= 205 ? padding : ''}`, polls });

/** The number of polls of each task. */
type Polls = Map<string, number>;

const pollsIn = (journal: Journal): Polls => new Map(journal.states().map(({ task, polls }) => [task.id, polls]));

const attempt = (work: () => void): boolean => {
  try {
    work();
    return true;
  } catch {
    return false;
  }
};

const damaged: InvalidLine[] = [];
const open = (disk: FaultyFiles): Journal => openJournalOn(disk.files, directory, { onInvalidLine: (line) => void damaged.push(line) });

const sentAtMs = Date.now();
const sentOf = (key: string): CreationRecord => ({ version: 1, key, provider: 'ark', account: null, bodyHash: 1, marker: null, sentAtMs, outcome: null });
const createdOf = (key: string): CreationRecord => ({ ...sentOf(key), outcome: { outcome: 'created', key, task: { provider: 'ark', id: key }, expected: { serviceTier: null, model: null, resolution: null, durationMs: null } } });

/** The records of each key that `write` has kept and the last that it has tried to keep. */
type Bought = Map<string, { kept: CreationRecord | null; tried: CreationRecord }>;

/** Keeps the record of a POST, then its outcome. */
const buy = (journal: Journal, key: string, bought: Bought): void => { keep(journal, key, bought, [[sentOf(key), null], [createdOf(key), sentOf(key)]]); };

const keep = ({ creations }: Journal, key: string, bought: Bought, writes: readonly (readonly [CreationRecord, CreationRecord | null])[]): void => {
  for (const [record, before] of writes) {
    const { kept = null } = bought.get(key) ?? {};
    bought.set(key, { kept, tried: record });
    if (!attempt(() => expect(creations.write(record, before)).toBe(true))) return;
    bought.set(key, { kept: record, tried: record });
  }
};

/** Every key has the record that was kept, or the one that a program was writing when it ended. */
const expectBought = (journal: Journal, bought: Bought, what: string): void => {
  for (const [key, { kept, tried }] of bought) expect([kept, tried], `${what}, ${key}`).toContainEqual(journal.creations.read(key));
};

/** A run of a program: opens the journal, saves states and buys tasks. Adds to `kept` and `bought` what was saved. */
const run = (disk: FaultyFiles, round: number, kept: Polls, latest: Polls, bought: Bought): void => {
  let journal: Journal;
  try {
    journal = open(disk);
  } catch {
    return;
  }
  for (let step = 1; step <= 9; step += 1) {
    const state = stateOf(`task-${step % 3}`, round * 100 + step);
    latest.set(state.task.id, state.polls);
    if (attempt(() => void journal.watch(state.task).save?.(state))) kept.set(state.task.id, state.polls);
    if (step % 4 === 0) buy(journal, `order-${round}-${step}`, bought);
  }
  attempt(journal.close);
};

/** Every state is one that a program has tried to save, and none is older than the kept one. */
const expectKept = (found: Polls, kept: Polls, latest: Polls, what: string): void => {
  for (const [id, polls] of kept) expect(found.get(id) ?? -1, `${what}, ${id}`).toBeGreaterThanOrEqual(polls);
  for (const [id, polls] of found) expect(polls, `${what}, ${id}`).toBeLessThanOrEqual(latest.get(id) ?? -1);
};

/** A disk with a journal that a run has written, and what it holds. */
const prepared = () => {
  const disk = new FaultyFiles();
  const kept: Polls = new Map();
  const latest: Polls = new Map();
  const bought: Bought = new Map();
  run(disk, 1, kept, latest, bought);
  return { disk, kept, latest, bought };
};

/** Repeats a test with a fault at the first call, the second, and so on, until the run ends before the fault. */
const atEachCall = (test: (atCall: number) => boolean): void => {
  let atCall = 1;
  while (test(atCall)) atCall += 1;
  expect(atCall).toBeGreaterThan(50);
};

describe('a journal on a disk whose n-th call fails', () => {
  it.each<Fault>(['ENOSPC', 'EIO', 'kill'])('keeps every saved state and every creation, for every n: %s', (kind) => {
    atEachCall((atCall) => {
      const { disk, kept, latest, bought } = prepared();
      disk.failAt(kind, atCall);
      run(disk, 2, kept, latest, bought);
      const { happened } = disk;
      disk.restart();
      const journal = open(disk);
      expectKept(pollsIn(journal), kept, latest, `${kind} at call ${atCall}`);
      expectBought(journal, bought, `${kind} at call ${atCall}`);
      // The journal works as before, and nothing is left beside it.
      const next = stateOf('next', 1);
      journal.watch(next.task).save?.(next);
      journal.close();
      expect(disk.paths.filter((name) => name !== `${path}.invalid`)).toEqual([path]);
      return happened;
    });
  });

  it.each<Left>((['flushed', 'latest'] as const).flatMap((names) => (['flushed', 'half'] as const).map((bytes) => ({ names, bytes }))))(
    'keeps every creation, and what a program has found when it was opened, for every n, through a power failure that leaves $names names and $bytes bytes',
    (left) => {
      atEachCall((atCall) => {
        const { disk, latest, bought } = prepared();
        // Opening flushes what it has found.
        const journal = open(disk);
        const kept = pollsIn(journal);
        journal.close();
        disk.failAt('power', atCall);
        run(disk, 2, new Map(), latest, bought);
        const { happened } = disk;
        disk.restart(left);
        const again = open(disk);
        expectBought(again, bought, `power failure at call ${atCall}`);
        expectKept(pollsIn(again), kept, latest, `power failure at call ${atCall}`);
        return happened;
      });
    },
  );

  it('keeps every creation through a failed call and a power failure after it, for every n', () => {
    for (let atCall = 1, happened = true; happened; atCall += 1) {
      const { disk, bought } = prepared();
      const journal = open(disk);
      // The first state writes the file again.
      disk.files.remove(path);
      disk.failAt('EIO', atCall);
      for (const key of ['a', 'b', 'c']) {
        attempt(() => void journal.watch(stateOf(key, 1).task).save?.(stateOf(key, 1)));
        buy(journal, `${key}-bought`, bought);
        keep(journal, `${key}-sent`, bought, [[sentOf(`${key}-sent`), null]]);
      }
      happened = disk.happened;
      disk.restart({ names: 'flushed', bytes: 'flushed' });
      expectBought(open(disk), bought, `EIO at call ${atCall}`);
    }
  });

  it('keeps every invalid line, for every n', () => {
    for (const kind of ['ENOSPC', 'EIO', 'kill', 'power'] as const) {
      for (let atCall = 1, happened = true; happened; atCall += 1) {
        const { disk } = prepared();
        const journal = open(disk);
        journal.close();
        const file = disk.files.open(path, 'append');
        disk.files.write(file, Buffer.from('precious\n'), 0);
        disk.files.sync(file);
        disk.files.close(file);
        disk.failAt(kind, atCall);
        attempt(() => open(disk).close());
        happened = disk.happened;
        disk.restart({ names: 'flushed', bytes: 'flushed' });
        open(disk).close();
        expect(disk.text(`${path}.invalid`), `${kind} at call ${atCall}`).toContain('precious\n');
      }
    }
  });
});

describe('a lease on a disk whose n-th call fails', () => {
  it.each<Fault>(['ENOSPC', 'EIO', 'kill'])('never has two owners, and is free for the next program: %s', (kind) => {
    for (let atCall = 1, happened = true; happened; atCall += 1) {
      const disk = new FaultyFiles();
      const first = leaseOf(path, path, disk.files);
      disk.failAt(kind, atCall);
      expect(() => leaseOf(path, path, disk.files)).toThrow();
      happened = disk.happened;
      if (kind !== 'kill') {
        disk.failAt(kind, Infinity);
        first.check();
      }
      disk.restart();
      const next = leaseOf(path, path, disk.files);
      expect(first.check).toThrow('is no longer this program\'s');
      next.check();
      next.release();
      expect(disk.paths).toEqual([]);
    }
  });
});
