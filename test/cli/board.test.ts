import fc from 'fast-check';
import { pathToFileURL } from 'node:url';
import { from, lastValueFrom } from 'rxjs';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { board, linesForTasks } from '../../src/cli/board.js';
import { type BoardContent, boardContent } from '../../src/cli/board-rows.js';
import { type Ending, isSuccess, type RunEvent } from '../../src/cli/run-events.js';
import { asciiSymbols, hyperlink, type Look, plainLook } from '../../src/cli/look.js';
import { paintFor } from '../../src/cli/paint.js';
import { type Run, tallyOf, toRun } from '../../src/cli/run.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import type { TaskStatus } from '../../src/task/status.js';
import type { Forecast } from '../../src/state/progress.js';
import type { LastError } from '../../src/state/watch-state.js';
import { type Said, transition } from '../support/snapshots.js';
import { anyText } from './any-text.js';

const nowMs = 1_800_000_000_000;
const colours: Look = { ...plainLook, paint: paintFor(true, {}) };
const linked: Look = { ...colours, link: hyperlink };
/** Without colours and links. */
const stripAnsi = (line: string): string => line.replace(/\u001b\[[\d;]*m|\u001b\]8;;[^\u0007]*\u0007/g, ''); // eslint-disable-line no-control-regex

const taskOf = (id: string, provider = 'ark'): TaskRef => ({ provider, id });
const added = (task: TaskRef): RunEvent => ({ kind: 'added', atMs: nowMs - 90_000, resumedFrom: null, task });
const became = (task: TaskRef, to: TaskStatus, said: Said = {}, atMs = nowMs): RunEvent => ({ kind: 'transition', task, atMs, transition: { ...transition(to, null, { task, ...said }), atMs } });
const forecast = (fromMs: number, fromProgress: number, earliestMs: number, latestMs: number): Forecast => ({
  fromMs: nowMs + fromMs,
  fromProgress,
  earliestEndAtMs: nowMs + earliestMs,
  latestEndAtMs: nowMs + latestMs,
});
const ended = (task: TaskRef, ending: Partial<Ending> = {}): RunEvent => ({
  kind: 'ended',
  ending: { task, end: 'succeeded', path: null, bytes: null, link: null, reason: null, ...ending },
});
const lastError: LastError = { kind: 'response', reason: 'rate-limited', status: 429, message: 'slow down', sameFailureCount: 1, sinceMs: nowMs };

const runOf = (events: readonly RunEvent[]): Promise<Run> => lastValueFrom(from(events).pipe(toRun()));
const contentOf = async (events: readonly RunEvent[], lines?: number): Promise<BoardContent> => boardContent(await runOf(events), nowMs, lines);
const pictureOf = async (events: readonly RunEvent[], columns: number, rows: number): Promise<string> =>
  board(await contentOf(events, linesForTasks({ columns, rows })), { columns, rows }, plainLook).join('\n');

const pending = taskOf('cgt-20260427-wait0');
const queued = taskOf('asyntask_9f3a7c1e5b2d4f6a8091', 'anyfast');
const running = taskOf('cgt-20260427-run01');
const reported = taskOf('asyntask_0011223344556677', 'anyfast');
const late = taskOf('cgt-20260427-late0');
const limited = taskOf('cgt-20260427-429xx');
const strange = taskOf('cgt-20260427-odd00');
const saving = taskOf('cgt-20260427-save0');
const saved = taskOf('cgt-20260427-done0');
const failed = taskOf('cgt-20260427-fail0');
const errored = taskOf('cgt-視频-👩‍👩‍👧-lost');

const someOfEach: readonly RunEvent[] = [
  ...[pending, queued, running, reported, late, limited, strange, saving, saved, failed, errored].map(added),
  became(queued, 'queued', {}, nowMs - 65_000),
  became(running, 'running', { createdAtMs: nowMs - 85_000, settings: { resolution: '720p', durationMs: 5_000 } }),
  { kind: 'progress', atMs: 0, forecast: forecast(-82_000, 0, 60_000, 150_000), task: running, progress: 0.31, estimated: true },
  became(reported, 'running', { startedAtMs: nowMs - 30_000 }),
  { kind: 'progress', atMs: 0, forecast: forecast(-5_000, 0.755, 0, 45_000), task: reported, progress: 0.755, estimated: false },
  became(late, 'running', { startedAtMs: nowMs - 86_400_000 }),
  { kind: 'progress', atMs: 0, forecast: forecast(-900_000, 0, -800_000, -700_000), task: late, progress: 0.98, estimated: true },
  became(limited, 'running'),
  { kind: 'retry', atMs: 0, task: limited, lastError, nextPollAtMs: nowMs + 7_500 },
  became(strange, 'unknown', { providerStatus: 'arch\u001b[31mived' }),
  became(saving, 'succeeded'),
  { kind: 'download', task: saving, progress: { path: 'v/x.mp4', receivedBytes: 1_200_000, totalBytes: 4_800_000, done: false } },
  became(saved, 'succeeded'),
  ended(saved, { path: '/videos/ark-cgt-20260427-done0.mp4', bytes: 4_800_000 }),
  became(failed, 'failed'),
  ended(failed, { end: 'failed', reason: 'internal: it broke' }),
  { kind: 'error', atMs: 0, task: errored, error: new Error('gone') },
  ended(errored, { end: 'errored', reason: 'the task was not found' }),
];

describe('the board', () => {
  it('shows a symbol, the progress and a note for each task, at 80 × 24', async () => {
    expect(`\n${await pictureOf(someOfEach, 80, 24)}\n`).toMatchInlineSnapshot(`
      "
        provider  id                    settings  elapsed  progress         remaining
      · ark       cgt-20260427-wait0                       not polled yet
      ◌ anyfast   asyntask_…2d4f6a8091               1:30  queued
      ⠋ ark       cgt-20260427-run01    720p 5s      1:25  ███░░░░░░  ~31%  1:00–2:30
      ⠋ anyfast   asyntask_…3344556677               1:30  ███████░░   75%  ≤ 45 s
      ⠋ ark       cgt-20260427-late0                 1:30  ████████░  ~98%  overdue
      ⠋ ark       cgt-20260427-429xx                 1:30  rate-limited, next in 8 s
      ? ark       cgt-20260427-odd00                 1:30  status is 'archived'
      ↓ ark       cgt-20260427-save0                 1:30  ██░░░░░░░   25%  1.2 MB
      ✔ ark       cgt-20260427-done0                 1:30  saved, 4.8 MB
      ✖ ark       cgt-20260427-fail0                 1:30  internal: it broke
      ✖ ark       cgt-視频-👩‍👩‍👧-lost                    0 s  the task was not found

      ✔ 1  ✖ 1  ✖ 1  ↓ 1  ⠋ 4  ? 1  ◌ 1  · 1
      ████████████████░░░░░░░░░░░░░  55%  3/11 finished  1:30 elapsed  about 2:30 left
      "
    `);
  });

  it('shortens ids and notes at 50 columns', async () => {
    expect(`\n${await pictureOf(someOfEach, 50, 24)}\n`).toMatchInlineSnapshot(`
      "
        provider id               progress     remaining
      · ark      cgt-202…27-wait0 not polled yet
      ◌ anyfast  asyntas…4f6a8091 queued
      ⠋ ark      cgt-202…27-run01 ██░░░░  ~31% 1:00–2:30
      ⠋ anyfast  asyntas…44556677 █████░   75% ≤ 45 s
      ⠋ ark      cgt-202…27-late0 █████░  ~98% overdue
      ⠋ ark      cgt-202…27-429xx next in 8 s
      ? ark      cgt-202…27-odd00 status is 'archived'
      ↓ ark      cgt-202…27-save0 ██░░░░   25% 1.2 MB
      ✔ ark      cgt-202…27-done0 saved, 4.8 MB
      ✖ ark      cgt-202…27-fail0 internal: it broke
      ✖ ark      cgt-視频-👩‍👩‍👧-lost the task was not found

      ✔ 1  ✖ 1  ✖ 1  ↓ 1  ⠋ 4  ? 1  ◌ 1  · 1
      █████████░░░░░░░  55%  3/11 finished  1:30 elapsed
      "
    `);
  });

  it('shows one task and the total in 20 columns and 4 rows', async () => {
    expect(`\n${await pictureOf(someOfEach, 20, 4)}\n`).toMatchInlineSnapshot(`
      "
      ⠋ cgt-2…-run01  ~31%
      … 10 more (1 saved,…
      █████░░░░  55%  3/11
      "
    `);
  });

  const tasks = Array.from({ length: 200 }, (_, index) => taskOf(`cgt-${String(index).padStart(3, '0')}`));
  const idsOf = async (events: readonly RunEvent[], lines: number): Promise<readonly string[]> => (await contentOf(events, lines)).rows.map(({ id }) => id.slice(-3));

  it('shows the tasks of 200 that run, and counts the others in one line', async () => {
    const done = tasks.slice(0, 20);
    const events = [...tasks.map(added), ...done.flatMap((task) => [became(task, 'succeeded'), ended(task)]), ...tasks.slice(20).map((task) => became(task, 'running'))];
    const lines = (await pictureOf(events, 80, 24)).split('\n');
    expect(lines).toHaveLength(23);
    expect(lines[1]).toContain('cgt-020');
    expect(lines[18]).toContain('cgt-037');
    expect(lines.slice(19)).toEqual(['… 182 more (20 succeeded, 162 running)', '', '✔ 20 succeeded  ⠋ 180 running', expect.stringMatching(/^█+░+ +\d+% {2}20\/200 finished/) as string]);
  });

  it('keeps the lines of running and of failed tasks, then of queued ones; successes leave first', async () => {
    const [a, b, c, d, e, f] = tasks as [TaskRef, TaskRef, TaskRef, TaskRef, TaskRef, TaskRef];
    const events = [...[a, b, c, d, e, f].map(added), became(b, 'queued'), became(c, 'running'), became(f, 'running')];
    const later = [became(a, 'succeeded'), ended(a), became(e, 'failed'), ended(e, { end: 'failed', reason: 'it broke' })];
    expect(await idsOf(events, 6)).toEqual(['000', '001', '002', '003', '004', '005']);
    expect(await idsOf([...events, ...later], 6)).toEqual(['000', '001', '002', '003', '004', '005']);
    expect(await idsOf([...events, ...later], 5)).toEqual(['001', '002', '004', '005']);
    expect(await idsOf([...events, ...later], 4)).toEqual(['002', '004', '005']);
  });

  it('gives failed tasks no more than a third of the lines, the newest first, while others run', async () => {
    const failing = tasks.slice(0, 10);
    const events = [...tasks.slice(0, 30).map(added), ...failing.flatMap((task) => [became(task, 'failed'), ended(task, { end: 'failed', reason: 'it broke' })]), ...tasks.slice(10, 30).map((task) => became(task, 'running'))];
    expect(await idsOf(events, 10)).toEqual(['007', '008', '009', '010', '011', '012', '013', '014', '015']);
  });

  it('keeps each row in its place when its status changes', async () => {
    const few = tasks.slice(0, 3);
    const [first, second] = few as [TaskRef, TaskRef];
    for (const events of [[], [became(second, 'running')], [became(second, 'running'), became(first, 'failed'), ended(first, { end: 'failed', reason: 'it broke' })]]) {
      expect(await idsOf([...few.map(added), ...events], 20)).toEqual(['000', '001', '002']);
    }
  });

  it('moves the spinner, and nothing else, from frame to frame', async () => {
    const content = await contentOf(someOfEach);
    const size = { columns: 80, rows: 24 };
    const frames = [0, 1, 10].map((frame) => board(content, size, plainLook, frame));
    expect(frames[1]).not.toEqual(frames[0]);
    expect(frames[1]?.map((line) => line.replaceAll('⠙', '⠋'))).toEqual(frames[0]);
    expect(frames[2]).toEqual(frames[0]);
  });

  it('has only ASCII of its own on a terminal without Unicode', async () => {
    const events = [...someOfEach].filter((event) => !('task' in event && event.task === errored) && !(event.kind === 'ended' && event.ending.task === errored));
    const content = await contentOf(events);
    for (const columns of [20, 40, 80, 120]) {
      for (const line of board(content, { columns, rows: 24 }, { ...plainLook, symbols: asciiSymbols }, columns)) expect(line).toMatch(/^[ -~]*$/);
    }
  });

  it('links a saved file, and the video of a task that succeeded', async () => {
    const [one, other] = tasks as [TaskRef, TaskRef];
    const events = [added(one), added(other), became(one, 'succeeded'), ended(one, { path: '/videos/a b.mp4', bytes: 4_800_000 }), became(other, 'succeeded'), ended(other, { link: 'https://cdn.example/v.mp4?a=1' })];
    const lines = board(await contentOf(events), { columns: 80, rows: 24 }, { ...plainLook, link: hyperlink });
    expect(lines[1]).toContain(`\u001b]8;;${pathToFileURL('/videos/a b.mp4').href}\u0007saved, 4.8 MB\u001b]8;;\u0007`);
    expect(lines[2]).toContain('\u001b]8;;https://cdn.example/v.mp4?a=1\u0007succeeded\u001b]8;;\u0007');
    expect(lines.map(stripAnsi)).toEqual(board(await contentOf(events), { columns: 80, rows: 24 }, plainLook));
  });

  it('tells when a link expires soon', async () => {
    const [one] = tasks as [TaskRef];
    const video = (expiresAtMs: number): Said => ({ video: { url: 'https://cdn.example/v.mp4', lastFrameUrl: null, originalUrl: null, expiresAtMs } });
    const noteOf = async (expiresAtMs: number): Promise<string | undefined> => (await contentOf([added(one), became(one, 'succeeded', video(expiresAtMs)), ended(one)])).rows[0]?.notes[0];
    expect(await noteOf(nowMs + 1_800_000)).toBe('succeeded, link expires in 30:00');
    expect(await noteOf(nowMs + 86_400_000)).toBe('succeeded');
  });

  it('begins with a total of 0%', async () => {
    expect(await pictureOf([], 80, 24)).toBe(`${'░'.repeat(30)}   0%  0/0 finished`);
  });

  it('says 100% only when every task is finished', async () => {
    const [one, other] = tasks as [TaskRef, TaskRef];
    const events = [added(one), became(one, 'succeeded')];
    expect((await pictureOf(events, 80, 24)).split('\n').at(-1)).toMatch(/ 99% {2}0\/1 finished/);
    expect((await pictureOf([...events, ended(one)], 80, 24)).split('\n').at(-1)).toMatch(/^█{30} 100% {2}1\/1 finished {2}in /);
    expect((await pictureOf([...events, ended(one), added(other)], 80, 24)).split('\n').at(-1)).toMatch(/ 50% {2}1\/2 finished/);
  });

  it('expects all tasks to be finished when the slowest one is, and later while some have not begun', async () => {
    const [one, other, third] = tasks as [TaskRef, TaskRef, TaskRef];
    const running = (task: TaskRef, latestMs: number): readonly RunEvent[] => [
      { kind: 'added', atMs: nowMs - 60_000, resumedFrom: null, task },
      became(task, 'running'),
      { kind: 'progress', atMs: 0, forecast: forecast(-60_000, 0, 0, latestMs), task, progress: 0.5, estimated: true },
    ];
    const leftOf = async (events: readonly RunEvent[]): Promise<number | null> => (await contentOf(events)).leftMs;
    expect(await leftOf([...running(one, 90_000), ...running(other, 30_000)])).toBe(90_000);
    expect(await leftOf([...running(one, 30_000), ...running(other, 30_000), added(third)])).toBeGreaterThan(100_000);
    expect(await leftOf([added(third)])).toBeNull();
  });

  it('shows the percentage that a provider reports', async () => {
    const shown = await Promise.all(Array.from({ length: 100 }, (_, percent) => pictureOf([added(running), became(running, 'running'), { kind: 'progress', atMs: 0, forecast: forecast(-82_000, 0, 60_000, 150_000), task: running, progress: percent / 100, estimated: false }], 80, 24)));
    expect(shown.map((picture) => /(\d+)%/.exec(picture)?.[1])).toEqual(shown.map((_, percent) => String(percent)));
  });

  it('has no colours when they are disabled, and the same text with them', async () => {
    const content = await contentOf(someOfEach);
    const size = { columns: 80, rows: 24 };
    const drawn = (isTerminal: boolean, env: Readonly<Record<string, string>>): readonly string[] => board(content, size, { ...plainLook, paint: paintFor(isTerminal, env) });
    const painted = board(content, size, colours);
    expect(painted.join('\n')).toContain('\u001b[');
    expect(painted.map((line) => stripAnsi(line).trimEnd())).toEqual(board(content, size, plainLook));
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) expect(drawn(true, env)).toEqual(board(content, size, plainLook));
    expect(drawn(true, { NO_COLOR: '' })).toEqual(painted);
    expect(drawn(false, {})).toEqual(board(content, size, plainLook));
  });
});

/** Runs of up to 40 tasks with any ids and reasons, each somewhere on its way. */
const anyRun: fc.Arbitrary<readonly RunEvent[]> = fc
  .array(fc.record({ id: anyText, reason: anyText, share: fc.double({ min: 0, max: 1, noNaN: true }), stage: fc.constantFrom('new', 'queued', 'running', 'retry', 'unknown', 'saving', 'saved', 'succeeded', 'failed', 'errored') }), { maxLength: 40 })
  .map((tasks) =>
    tasks.flatMap(({ id, reason, share, stage }, index): readonly RunEvent[] => {
      const task = taskOf(`${index} ${id}`);
      const runs: RunEvent = became(task, 'running', { startedAtMs: nowMs - 30_000 });
      const succeeds: RunEvent = became(task, 'succeeded');
      switch (stage) {
        case 'new': return [added(task)];
        case 'queued': return [added(task), became(task, 'queued')];
        case 'running': return [added(task), runs, { kind: 'progress', atMs: 0, task, forecast: forecast(-82_000, 0, 60_000, 150_000), progress: share, estimated: share > 0.5 }];
        case 'retry': return [added(task), runs, { kind: 'retry', atMs: 0, task, lastError, nextPollAtMs: nowMs + 7_500 }];
        case 'unknown': return [added(task), became(task, 'unknown', { providerStatus: reason })];
        case 'saving': return [added(task), succeeds, { kind: 'download', task, progress: { path: 'v', receivedBytes: Math.round(share * 1e9), totalBytes: 1e9, done: false } }];
        case 'saved': return [added(task), succeeds, ended(task, { path: reason, bytes: 1e6 })];
        case 'succeeded': return [added(task), succeeds, ended(task, { link: reason })];
        case 'failed': return [added(task), became(task, 'failed'), ended(task, { end: 'failed', reason })];
        case 'errored': return [added(task), { kind: 'error', atMs: 0, task, error: new Error(reason) }, ended(task, { end: 'errored', reason })];
      }
    }),
  );

describe('the board, for any tasks and any terminal', () => {
  const anySize = fc.record({ columns: fc.integer({ min: 1, max: 160 }), rows: fc.integer({ min: 2, max: 60 }) });
  const contentFor = async (events: readonly RunEvent[], size: { readonly columns: number; readonly rows: number }): Promise<BoardContent> => boardContent(await runOf(events), nowMs, linesForTasks(size));

  it('has no line wider than the terminal and no escape sequence in one, and leaves one of its rows free', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, anySize, fc.constantFrom(plainLook, colours, linked), async (events, size, look) => {
        const lines = board(await contentFor(events, size), size, look);
        expect(lines.length).toBeLessThan(size.rows);
        for (const line of lines) {
          expect(stringWidth(line)).toBeLessThanOrEqual(size.columns);
          expect(stripAnsi(line)).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  it('shows or counts every task once', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, anySize, async (events, size) => {
        const { rows, hidden, counts, tasks } = await contentFor(events, size);
        const sum = (all: BoardContent['counts']): number => all.reduce((total, { count }) => total + count, 0);
        expect([rows.length + sum(hidden), sum(counts)]).toEqual([tasks, tasks]);
        expect(rows.length + (hidden.length > 0 ? 1 : 0)).toBeLessThanOrEqual(Math.max(1, linesForTasks(size)));
      }),
    );
  });

  it('keeps the rows in the order in which the tasks were added', async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, anySize, async (events, size) => {
        const { rows } = await contentFor(events, size);
        const places = rows.map(({ id }) => Number.parseInt(id));
        expect(places).toEqual(places.toSorted((one, other) => one - other));
      }),
    );
  });
});

describe('a tally', () => {
  it('counts each finished task once, and lists those that failed or were not saved', async () => {
    const tally = tallyOf(await runOf(someOfEach));
    expect(tally).toMatchObject({ tasks: 11, finished: 3, saved: 1, savedBytes: 4_800_000 });
    expect(tally.counts.map(({ count, word }) => `${count} ${word}`)).toEqual(['1 saved', '1 failed', '1 could not be followed']);
    expect(tally.problems.map(({ task }) => task)).toEqual([failed, errored]);
    expect(tally.problems.some(isSuccess)).toBe(false);
  });
});
