import fc from 'fast-check';
import { stripVTControlCharacters } from 'node:util';
import { from, lastValueFrom } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { board } from '../../src/cli/board.js';
import { type BoardContent, boardContent, type BoardRow } from '../../src/cli/board-rows.js';
import { type Ending, isSuccess, type RunEvent } from '../../src/cli/run-events.js';
import { noPaint, paintFor } from '../../src/cli/paint.js';
import { type Run, tallyOf, toRun } from '../../src/cli/run.js';
import { plain, widthOf } from '../../src/cli/terminal-text.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import type { TaskStatus } from '../../src/task/status.js';
import type { Forecast } from '../../src/state/progress.js';
import type { LastError } from '../../src/state/watch-state.js';
import { type Said, transition } from '../support/snapshots.js';
import { anyText } from './any-text.js';

const nowMs = 1_800_000_000_000;
const colours = paintFor(true, {});

const taskOf = (id: string, provider = 'ark'): TaskRef => ({ provider, id });
const added = (task: TaskRef): RunEvent => ({ kind: 'added', atMs: 0, resumedFrom: null, task });
const became = (task: TaskRef, to: TaskStatus, said: Said = {}, atMs = nowMs): RunEvent => ({ kind: 'transition', task, atMs, transition: { ...transition(to, null, { task, ...said }), atMs } });
const forecast = (fromMs: number, fromProgress: number, earliestMs: number, latestMs: number): Forecast => ({
  fromMs: nowMs + fromMs,
  fromProgress,
  earliestEndAtMs: nowMs + earliestMs,
  latestEndAtMs: nowMs + latestMs,
});
const ended = (task: TaskRef, ending: Partial<Ending> = {}): RunEvent => ({
  kind: 'ended',
  ending: { task, end: 'succeeded', path: null, link: null, reason: null, ...ending },
});
const lastError: LastError = { kind: 'response', reason: 'rate-limited', status: 429, message: 'slow down', sameFailureCount: 1, sinceMs: nowMs };

const runOf = (events: readonly RunEvent[]): Promise<Run> => lastValueFrom(from(events).pipe(toRun()));
const contentOf = async (events: readonly RunEvent[]): Promise<BoardContent> => boardContent(await runOf(events), nowMs);
const pictureOf = async (events: readonly RunEvent[], columns: number, rows: number): Promise<string> =>
  board(await contentOf(events), { columns, rows }, noPaint).join('\n');

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
  became(running, 'running', { startedAtMs: nowMs - 30_000 }),
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
  ended(saved, { path: 'videos/ark-cgt-20260427-done0.mp4' }),
  became(failed, 'failed'),
  ended(failed, { end: 'failed', reason: 'internal: it broke' }),
  { kind: 'error', atMs: 0, task: errored, error: new Error('gone') },
  ended(errored, { end: 'errored', reason: 'the task was not found' }),
];

describe('the board', () => {
  it('shows a word, the progress and a note for each task, at 80 × 24', async () => {
    expect(`\n${await pictureOf(someOfEach, 80, 24)}\n`).toMatchInlineSnapshot(`
      "
      ark:cgt-20260427-save0           saving    ███░░░░░░░   25% 1.2 MB / 4.8 MB
      ark:cgt-20260427-run01           running   ███░░░░░░░  ~31% 1:00–2:30 left
      anyfast:asyntas…0011223344556677 running   ████████░░   75% up to 45 s left
      ark:cgt-20260427-late0           running   █████████░  ~98% longer than usual
      ark:cgt-20260427-429xx           running   rate-limited, next in 8 s
      ark:cgt-20260427-odd00           unknown                    status is 'archived'
      anyfast:asyntas…7c1e5b2d4f6a8091 queued                     queued for 1:05
      ark:cgt-20260427-wait0           pending                    not polled yet
      ark:cgt-視频-👩‍👩‍👧-lost             error     the task was not found
      ark:cgt-20260427-fail0           failed    internal: it broke
      ark:cgt-20260427-done0           saved     ark-cgt-20260427-done0.mp4

      ███████████░░░░░░░░░  ~55%  3 of 11 finished
      "
    `);
  });

  it('shortens names and notes at 40 columns', async () => {
    expect(`\n${await pictureOf(someOfEach, 40, 24)}\n`).toMatchInlineSnapshot(`
      "
      ark:cgt-…27-save0 saving    ██░░░░   25%
      ark:cgt-…27-run01 running   ██░░░░  ~31%
      anyfast:…44556677 running   █████░   75%
      ark:cgt-…27-late0 running   █████░  ~98%
      ark:cgt-…27-429xx running   next in 8 s
      ark:cgt-…27-odd00 unknown   'archived'
      anyfast:…4f6a8091 queued    for 1:05
      ark:cgt-…27-wait0 pending
      ark:cgt-…-👩‍👩‍👧-lost error     the task wa…
      ark:cgt-…27-fail0 failed    internal: i…
      ark:cgt-…27-done0 saved     ark-cgt-202…

      █████████░░░░░░░  ~55%  3 of 11 finished
      "
    `);
  });

  it('shows one task and the total in 20 columns and 4 rows', async () => {
    expect(`\n${await pictureOf(someOfEach, 20, 4)}\n`).toMatchInlineSnapshot(`
      "
      ark:cg…7-save0   25%
      … and 10 more
      ████░░░░  ~55%  3/11
      "
    `);
  });

  it('shows the active ones of 200 tasks that fit', async () => {
    const tasks = Array.from({ length: 200 }, (_, index) => taskOf(`cgt-${String(index).padStart(3, '0')}`));
    const done = tasks.slice(0, 20);
    const events = [...tasks.map(added), ...done.map((task) => became(task, 'succeeded')), ...done.map((task) => ended(task)), ...tasks.slice(20).map((task) => became(task, 'running'))];
    const lines = (await pictureOf(events, 80, 24)).split('\n');
    expect(lines).toHaveLength(23);
    expect(lines[0]).toContain('ark:cgt-020 running');
    expect(lines[19]).toContain('ark:cgt-039 running');
    expect(lines.slice(20)).toEqual(['… and 180 more', '', expect.stringMatching(/^█+░+ +~?\d+% {2}180 running, 20 succeeded$/) as string]);
  });

  it('looks the same when no more rows are described than fit', async () => {
    const run = await runOf(someOfEach);
    const few = boardContent(run, nowMs, 10);
    expect(few.rows).toHaveLength(10);
    expect(board(few, { columns: 80, rows: 10 }, noPaint)).toEqual(board(await contentOf(someOfEach), { columns: 80, rows: 10 }, noPaint));
  });

  it('shows finished tasks, the newest first, where there is room', async () => {
    const tasks = ['a', 'b', 'c'].map((id) => taskOf(id));
    const lines = (await pictureOf([...tasks.map(added), ...tasks.map((task) => became(task, 'succeeded')), ...tasks.map((task) => ended(task))], 80, 24)).split('\n');
    expect(lines.map((line) => line.slice(0, 5))).toEqual(['ark:c', 'ark:b', 'ark:a', '', expect.anything()]);
  });

  it('begins with a total of 0%', async () => {
    expect(await pictureOf([], 80, 24)).toBe(`${'░'.repeat(30)}    0%`);
  });

  it('shows the percentage that a provider reports', async () => {
    const shown = await Promise.all(Array.from({ length: 100 }, (_, percent) => pictureOf([added(running), became(running, 'running'), { kind: 'progress', atMs: 0, forecast: forecast(-82_000, 0, 60_000, 150_000), task: running, progress: percent / 100, estimated: false }], 80, 24)));
    expect(shown.map((picture) => /(\d+)%/.exec(picture)?.[1])).toEqual(shown.map((_, percent) => String(percent)));
  });

  it('has no colours when they are disabled, and the same text with them', async () => {
    const content = await contentOf(someOfEach);
    const size = { columns: 80, rows: 24 };
    const painted = board(content, size, colours);
    expect(painted.join('\n')).toContain('\u001b[');
    expect(painted.map((line) => stripVTControlCharacters(line).trimEnd())).toEqual(board(content, size, noPaint));
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) expect(board(content, size, paintFor(true, env))).toEqual(board(content, size, noPaint));
    expect(board(content, size, paintFor(true, { NO_COLOR: '' }))).toEqual(painted);
    expect(board(content, size, paintFor(false, {}))).toEqual(board(content, size, noPaint));
  });
});

const anyRow: fc.Arbitrary<BoardRow> = fc.record({
  name: anyText.map(plain),
  word: fc.constantFrom('pending', 'queued', 'running', 'saving', 'saved', 'cancelled', 'succeeded'),
  style: fc.constantFrom('dim', 'cyan', 'yellow', 'green'),
  isActive: fc.boolean(),
  share: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null }),
  estimated: fc.boolean(),
  notes: fc.array(anyText.map(plain), { minLength: 1, maxLength: 3 }),
});

const anyContent: fc.Arbitrary<BoardContent> = fc
  .record({
    rows: fc.array(anyRow, { maxLength: 40 }).map((rows) => rows.toSorted((one, other) => Number(other.isActive) - Number(one.isActive))),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    estimated: fc.boolean(),
    counts: fc.array(fc.record({ count: fc.nat(), word: fc.constantFrom('running', 'succeeded'), style: fc.constantFrom('cyan', 'green') }), { maxLength: 9 }),
    tasks: fc.nat({ max: 100_000 }),
    finished: fc.nat({ max: 100_000 }),
  }).map((content) => ({ ...content, rowCount: content.rows.length }));

describe('the board, for any tasks and any terminal', () => {
  const anySize = fc.record({ columns: fc.integer({ min: 20, max: 160 }), rows: fc.integer({ min: 4, max: 60 }) });

  it('has no line wider than the terminal, and leaves one of its rows free', () => {
    fc.assert(
      fc.property(anyContent, anySize, fc.constantFrom(noPaint, colours), (content, size, paint) => {
        const lines = board(content, size, paint);
        expect(lines.length).toBeLessThan(size.rows);
        for (const line of lines) {
          expect(widthOf(stripVTControlCharacters(line))).toBeLessThanOrEqual(size.columns);
          expect(stripVTControlCharacters(line)).not.toMatch(/\p{Cc}/u);
        }
      }),
    );
  });

  it('shows or counts every task, active ones before finished ones', () => {
    fc.assert(
      fc.property(anyContent, anySize, (content, size) => {
        const lines = board(content, size, noPaint);
        const hidden = Number(/^(?:… and )?(\d+) (?:more|tasks)/.exec(lines.find((line) => /^(… and \d+ more|\d+ tasks)/.test(line)) ?? '')?.[1] ?? 0);
        const shown = content.rows.length - hidden;
        const gap = size.rows >= 10 && shown > 0 ? 1 : 0;
        expect(lines).toHaveLength(shown + (hidden > 0 ? 1 : 0) + gap + 1);
      }),
    );
  });
});

describe('a tally', () => {
  it('counts finished tasks, and lists those that failed or were not saved', async () => {
    const tally = tallyOf(await runOf(someOfEach));
    expect(tally).toMatchObject({ tasks: 11, finished: 3, succeeded: 1, saved: 1, failed: 1, cancelled: 0, expired: 0, errored: 1 });
    expect(tally.problems.map(({ task }) => task)).toEqual([failed, errored]);
    expect(tally.problems.some(isSuccess)).toBe(false);
  });
});
