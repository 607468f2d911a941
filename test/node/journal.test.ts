import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { asyncScheduler, of } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { type InvalidLine, type Journal, type JournalOptions, openJournal } from '../../src/node/index.js';
import { type Files, nodeFiles } from '../../src/node/files.js';
import { openJournalOn } from '../../src/node/journal.js';
import { linesOf } from '../../src/node/journal-lines.js';
import { taskKey } from '../../src/task/snapshot.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { markSent, startWatch, type WatchState } from '../../src/state/watch-state.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { ark } from '../../src/providers/ark.js';
import { arkResponse, arkTask, sentAtS, at, record, every, failed, forbidden, inVirtualTime, queued, running, scripted, seconds, succeeded, to } from '../support/client.js';
import { catchWarnings } from '../support/warnings.js';

const folders: string[] = [];
const opened: Journal[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-journal-'));
  folders.push(made);
  return made;
};
const open = (directory: string, options?: JournalOptions): Journal => {
  const journal = openJournal(directory, options);
  opened.push(journal);
  return journal;
};
afterEach(() => {
  for (const journal of opened.splice(0)) journal.close();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

const stateOf = (id: string, polls = 0): WatchState => ({ ...startWatch({ provider: 'ark', id }, watchConfig(ark), 1000), polls });

const save = (journal: Journal, state: WatchState): void => void journal.watch(state.task).save?.(state);

describe('a journal', () => {
  it('keeps the last state of each task, in the order in which the tasks were first saved', () => {
    const directory = join(folder(), 'not', 'there', 'yet');
    const first = open(directory);
    for (const state of [stateOf('a'), stateOf('b'), stateOf('a', 1), stateOf('a', 2)]) save(first, state);
    expect(first.states()).toEqual([stateOf('a', 2), stateOf('b')]);
    first.close();
    const second = open(directory);
    expect(second.states()).toEqual([stateOf('a', 2), stateOf('b')]);
    expect(second.watch(stateOf('a').task).resumeFrom).toEqual(stateOf('a', 2));
    expect(second.watch(stateOf('c').task).resumeFrom).toBeUndefined();
    expect(second.path).toBe(join(directory, 'watches.jsonl'));
  });

  it('writes each state to the disk at once', () => {
    const journal = open(folder());
    save(journal, markSent(stateOf('a'), 2000));
    expect(JSON.parse(readFileSync(journal.path, 'utf8'))).toMatchObject({ task: { id: 'a' }, sentAtMs: 2000 });
  });

  it('is readable only by its owner, because it holds prompts', () => {
    const journal = open(folder());
    save(journal, stateOf('a'));
    expect(statSync(journal.path).mode & 0o077).toBe(0);
  });

  it('reads the complete lines of a file that is cut at any byte', () => {
    const directory = folder();
    const states = [stateOf('a'), stateOf('b'), stateOf('a', 1), stateOf('任务'), stateOf('b', 3)];
    const lines = states.map((state) => `${JSON.stringify(state)}\n`);
    const whole = Buffer.from(lines.join(''));
    const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
    fc.assert(fc.property(fc.nat({ max: whole.length }), (bytes) => {
      writeFileSync(join(directory, 'watches.jsonl'), whole.subarray(0, bytes));
      const journal = open(directory);
      // The line break itself may be missing.
      const kept = new Map(states.filter((_, index) => (ends[index] ?? 0) - 1 <= bytes).map((state) => [taskKey(state.task), state.polls]));
      const polls = (): ReadonlyMap<string, number> => new Map(journal.states().filter((state) => state.polls > 0 || kept.has(taskKey(state.task))).map((state) => [taskKey(state.task), state.polls]));
      expect(polls()).toEqual(kept);
      const opened = journal.states();
      // Later states are in lines of their own.
      save(journal, stateOf('c'));
      journal.close();
      const again = open(directory);
      expect(again.states()).toEqual([...opened, stateOf('c')]);
      again.close();
    }));
  });

  it('moves an invalid line to a file of its own, names its number, and keeps the others', () => {
    const directory = folder();
    const path = join(directory, 'watches.jsonl');
    const [a, b] = [JSON.stringify(stateOf('a')), JSON.stringify(stateOf('b'))];
    writeFileSync(path, `${a}\n{"version":2}\n\n{"half":\n${b}\r\n`);
    const invalid: InvalidLine[] = [];
    const journal = open(directory, { onInvalidLine: (line) => void invalid.push(line) });
    expect(journal.states().map(({ task }) => task.id)).toEqual(['a', 'b']);
    const keptIn = `${path}.invalid`;
    expect(invalid).toEqual([
      { path, keptIn, line: 2, message: 'WatchState: task must be an object, not missing' },
      { path, keptIn, line: 4, message: 'WatchState: the saved state must be JSON, not "{\\"half\\":"' },
    ]);
    expect(readFileSync(keptIn, 'utf8')).toBe('{"version":2}\n{"half":\n');
    expect(statSync(keptIn).mode & 0o077).toBe(0);
    journal.close();
    appendFileSync(path, 'another\n');
    open(directory, { onInvalidLine: () => undefined });
    expect(readFileSync(keptIn, 'utf8')).toBe('{"version":2}\n{"half":\nanother\n');
    expect(readFileSync(path, 'utf8')).not.toContain('another');
  });

  it('warns of an invalid line by default', () => {
    const directory = folder();
    writeFileSync(join(directory, 'watches.jsonl'), 'nonsense\n');
    const warnings = catchWarnings();
    open(directory);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^JournalWarning: .*watches\.jsonl, line 1 is invalid and was moved to .*watches\.jsonl\.invalid: WatchState: /);
  });

  it('rejects a line of a newer release, and leaves the file unchanged', () => {
    const directory = folder();
    const text = `nonsense\n${JSON.stringify({ ...stateOf('a'), version: 3 })}\n`;
    writeFileSync(join(directory, 'watches.jsonl'), text);
    expect(() => open(directory)).toThrow(`${join(directory, 'watches.jsonl')}, line 2: WatchState: version must be 1 or 2, not 3. A newer release wrote it`);
    expect(readFileSync(join(directory, 'watches.jsonl'), 'utf8')).toBe(text);
    expect(readdirSync(directory)).toEqual(['watches.jsonl']);
  });

  it('opens a file that is longer than the longest string, with a line longer than any state', () => {
    const directory = folder();
    const path = join(directory, 'watches.jsonl');
    const [a, b] = [`${JSON.stringify(stateOf('a'))}\n`, `\n${JSON.stringify(stateOf('b'))}\n`];
    writeFileSync(path, a);
    // A hole in the file takes no space.
    truncateSync(path, 600_000_000);
    appendFileSync(path, b);
    const invalid: InvalidLine[] = [];
    const files: Files = { ...nodeFiles, open: (opened, mode) => nodeFiles.open(opened.endsWith('.invalid') ? devNull : opened, mode), sync: () => undefined };
    const journal = openJournalOn(files, directory, { onInvalidLine: (line) => void invalid.push(line) });
    expect(journal.states().map(({ task }) => task.id)).toEqual(['a', 'b']);
    expect(invalid).toMatchObject([{ line: 2, message: 'the line is too long' }]);
    expect(statSync(path).size).toBeLessThan(10_000);
    journal.close();
  });

  it('reads the same lines in pieces of any length', () => {
    fc.assert(fc.property(fc.string(), fc.integer({ min: 1, max: 20 }), (content, most) => {
      const whole = Buffer.from(content);
      const files: Files = { ...nodeFiles, read: (_, buffer, position) => whole.copy(buffer, 0, position, position + most) };
      const lines = [...linesOf(files, 0)];
      expect(lines.map(({ text }) => text).join('')).toBe(whole.toString());
      expect(lines.map(({ text }) => text?.replace(/\n$/, ''))).toEqual(whole.toString().replace(/\n$/, '').split('\n').filter((line, index) => line !== '' || index > 0 || whole.length > 0));
      expect(lines.map(({ from, to }) => whole.subarray(from, to).toString())).toEqual(lines.map(({ text }) => text));
      expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1));
      expect(lines.map(({ isComplete }) => isComplete)).toEqual(lines.map(({ text }) => text?.endsWith('\n')));
    }));
  });

  it('drops watches that ended weeks ago, and no others', () => {
    const directory = folder();
    const daysAgo = (days: number): number => Date.now() - days * 24 * 3_600_000;
    const first = open(directory);
    const states: readonly WatchState[] = [
      { ...stateOf('old'), ended: 'gone', polledAtMs: daysAgo(29) },
      { ...stateOf('recent'), ended: 'gone', polledAtMs: daysAgo(27) },
      { ...stateOf('never-polled'), ended: 'transport', startedAtMs: daysAgo(29) },
      { ...stateOf('running'), polledAtMs: daysAgo(400) },
    ];
    for (const state of states) save(first, state);
    first.close();
    const ids = (options: JournalOptions): readonly string[] => {
      const journal = open(directory, options);
      journal.close();
      return journal.states().map(({ task }) => task.id);
    };
    expect(ids({ forgetEndedAfterMs: Infinity })).toEqual(['old', 'recent', 'never-polled', 'running']);
    expect(ids({})).toEqual(['recent', 'running']);
    expect(ids({ forgetEndedAfterMs: 1000 })).toEqual(['running']);
    expect(readFileSync(join(directory, 'watches.jsonl'), 'utf8').split('\n')).toHaveLength(2);
    expect(() => openJournal(directory, { forgetEndedAfterMs: 0 })).toThrow('forgetEndedAfterMs must be a number of ms above 0, not 0');
    expect(() => openJournal(directory, { onInvalidLine: 1 as never })).toThrow('onInvalidLine must be a function, not 1');
  });

  it('fails to save once its directory is removed, and writes its file again if only that is removed', () => {
    const directory = join(folder(), 'removed');
    const journal = open(directory);
    save(journal, stateOf('a'));
    rmSync(journal.path);
    save(journal, stateOf('b'));
    expect(readFileSync(journal.path, 'utf8').split('\n')).toHaveLength(3);
    rmSync(directory, { recursive: true });
    expect(() => save(journal, stateOf('c'))).toThrow('its directory was removed');
    mkdirSync(directory);
    expect(() => save(journal, stateOf('c'))).toThrow('its directory was removed');
    expect(readdirSync(directory)).toEqual([]);
  });

  it.skipIf(process.platform === 'win32')('follows no symbolic link', () => {
    const directory = folder();
    const outside = join(folder(), 'outside');
    writeFileSync(outside, 'kept');
    symlinkSync(outside, join(directory, 'watches.jsonl'));
    expect(() => openJournal(directory)).toThrow('watches.jsonl must be a regular file, not a directory or a symbolic link');
    rmSync(join(directory, 'watches.jsonl'));
    symlinkSync(outside, join(directory, 'watches.jsonl.new'));
    const journal = open(directory);
    save(journal, stateOf('a'));
    journal.close();
    appendFileSync(journal.path, 'nonsense\n');
    symlinkSync(outside, `${journal.path}.invalid`);
    expect(() => openJournal(directory)).toThrow('ELOOP');
    expect(readFileSync(outside, 'utf8')).toBe('kept');
    expect(readFileSync(journal.path, 'utf8')).toContain('nonsense');
    expect(readdirSync(directory).sort()).toEqual(['watches.jsonl', 'watches.jsonl.invalid']);
  });

  it('is rewritten when it has grown, and loses no state', () => {
    const directory = folder();
    const journal = open(directory);
    const long = { ...stateOf('long'), baseUrl: `https://a.example/${'x'.repeat(30_000)}` };
    let largest = 0;
    for (let polls = 0; polls < 200; polls += 1) {
      save(journal, { ...long, polls });
      save(journal, stateOf(`task-${String(polls % 10)}`, polls));
      largest = Math.max(largest, statSync(journal.path).size);
    }
    expect(largest).toBeLessThan(1_048_576 + 2 * 60_000);
    expect(statSync(journal.path).size).toBeLessThan(1_048_576);
    const before = journal.states();
    journal.close();
    expect(open(directory).states()).toEqual(before);
    expect(before).toHaveLength(11);
    expect(before[0]).toEqual({ ...long, polls: 199 });
  });

  it('keeps using the old file when a rewrite fails', () => {
    const directory = folder();
    const journal = open(directory);
    const long = { ...stateOf('long'), baseUrl: `https://a.example/${'x'.repeat(30_000)}` };
    mkdirSync(join(directory, 'watches.jsonl.new', 'in-the-way'), { recursive: true });
    for (let polls = 0; polls < 90; polls += 1) save(journal, { ...long, polls });
    expect(statSync(journal.path).size).toBeGreaterThan(2 * 1_048_576);
    rmSync(join(directory, 'watches.jsonl.new'), { recursive: true });
    for (let polls = 90; polls < 130; polls += 1) save(journal, { ...long, polls });
    expect(statSync(journal.path).size).toBeLessThan(1_048_576);
    journal.close();
    expect(open(directory).states()).toEqual([{ ...long, polls: 129 }]);
  });

  it('throws on save after it is closed', () => {
    const journal = open(folder());
    journal.close();
    journal.close();
    expect(() => save(journal, stateOf('a'))).toThrow(`${journal.path} is closed`);
  });

  it('rejects an invalid directory', () => {
    const directory = folder();
    writeFileSync(join(directory, 'file'), '');
    expect(() => openJournal('')).toThrow('directory must be a path, not ""');
    expect(() => openJournal(7 as never)).toThrow('directory must be a path, not 7');
    expect(() => openJournal('a\0b')).toThrow('directory must be a path, not "a\\u0000b"');
    expect(() => openJournal(join(directory, 'file'))).toThrow(/EEXIST|ENOTDIR/);
  });

  it('rejects a file that cannot be read, and unlocks the directory', () => {
    const directory = folder();
    mkdirSync(join(directory, 'watches.jsonl'));
    expect(() => openJournal(directory)).toThrow('watches.jsonl must be a regular file');
    expect(readdirSync(directory)).toEqual(['watches.jsonl']);
  });
});

describe('a journal\'s directory', () => {
  it('cannot be opened twice, even in this process', () => {
    const directory = folder();
    const journal = open(directory);
    expect(() => openJournal(directory)).toThrow(`${directory} is in use by this process`);
    save(journal, stateOf('a'));
    journal.close();
    expect(open(directory).states()).toHaveLength(1);
  });
});

describe('watches with a journal', () => {
  it('resume in the next run with the same deadline and minimum interval, and do not poll finished tasks', () => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      const [first, second] = [scripted([running, failed, { hang: true }], { policy: every(seconds(15)), deadlineMs: seconds(3600) }), scripted([succeeded])];
      const tasks = ['a', 'b'].map((id) => ({ provider: 'ark', id }) as const);
      const journal = open(directory);
      const seen = record(of(...tasks).pipe(watchTasks(first.client, { watch: journal.watch })), ({ kind, task }) => `${kind} ${task.id}`, seconds(20));
      at(seconds(20), () => { journal.close(); });
      const restarted: { lines?: readonly string[]; deadlines?: readonly unknown[] } = {};
      at(seconds(21), () => {
        const again = open(directory);
        const deadlines = again.states().map(({ deadlineAtMs }) => deadlineAtMs);
        restarted.lines = record(of(...tasks).pipe(watchTasks(second.client, { watch: again.watch })), (event) => `${event.kind} ${event.task.id}${event.kind === 'transition' ? ` ${event.transition.to}` : ''}`).lines;
        at(seconds(60), () => { expect(again.states().map(({ deadlineAtMs }) => deadlineAtMs)).toEqual(deadlines); });
      });
      flush();
      expect(seen.lines.filter((line) => line.includes('transition'))).toEqual(['0s transition a', '0s transition b']);
      // The request for a was sent at 15 s, or up to 10 s later as far as the next run knows, and had no response; b had ended.
      expect([sentAtS(first.transport), sentAtS(second.transport)]).toEqual([[0, 0, 15], [31]]);
      expect(restarted.lines).toEqual(['21s added a', '21s added b', '21s transition b failed', '31s transition a succeeded', '31s |']);
    });
  });

  it.each([
    ['the last line is incomplete', (text: string) => text.slice(0, -100)],
    ['the last line is invalid', (text: string) => text.replace(/"sentAtMs":\d+(?=[^\n]*\n$)/, '"sentAtMs":"?"')],
    ['the last line is cut before the id of its task', (text: string) => text.slice(0, text.lastIndexOf('{"provider"') + 20)],
    ['the last line became zeros', (text: string) => text.slice(0, text.trimEnd().lastIndexOf('\n') + 1) + '\0'.repeat(500)],
  ])('keep the minimum interval if %s, because its request may have been sent', (_, damage) => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      const [first, second] = [scripted([running, { hang: true }], { policy: every(seconds(15)) }), scripted([succeeded])];
      const journal = open(directory);
      record(first.client.watch(arkTask, journal.watch(arkTask)), to, seconds(16));
      at(seconds(16), () => { journal.close(); });
      at(seconds(17), () => {
        writeFileSync(journal.path, damage(readFileSync(journal.path, 'utf8')));
        const again = open(directory, { onInvalidLine: () => undefined });
        expect(again.states()).toMatchObject([{ snapshot: { status: 'running' } }]);
        record(second.client.watch(arkTask, again.watch(arkTask)), to);
      });
      flush();
      expect([sentAtS(first.transport), sentAtS(second.transport)]).toEqual([[0, 15], [27]]);
    });
  });

  it.each([
    ['after its base URL', 200, 12],
    ['before its base URL', 60, 62],
    ['after its first byte', 1, 62],
  ])('keep the minimum interval of a new task if its only line is cut %s', (_, bytes, firstS) => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      const [first, second] = [scripted([{ hang: true }]), scripted([succeeded])];
      const journal = open(directory);
      record(first.client.watch(arkTask, journal.watch(arkTask)), to, seconds(1));
      at(seconds(1), () => { journal.close(); });
      at(seconds(2), () => {
        writeFileSync(journal.path, readFileSync(journal.path, 'utf8').slice(0, bytes));
        const again = open(directory);
        record(second.client.watch(arkTask, again.watch(arkTask)), to);
      });
      flush();
      expect([sentAtS(first.transport), sentAtS(second.transport)]).toEqual([[0], [firstS]]);
    });
  });

  it('make new tasks wait only for the first minute after a line of an unknown task', () => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      writeFileSync(join(directory, 'watches.jsonl'), '{');
      const journal = open(directory);
      save(journal, stateOf('known'));
      const options = (id: string): object => journal.watch({ provider: 'ark', id });
      expect(options('new')).toMatchObject({ firstPollAfterMs: 60_000 });
      expect(options('known')).not.toHaveProperty('firstPollAfterMs');
      at(seconds(59), () => { expect(options('new')).toMatchObject({ firstPollAfterMs: 1_000 }); });
      at(seconds(60), () => { expect(options('new')).not.toHaveProperty('firstPollAfterMs'); });
      flush();
    });
  });

  it('keep the minimum interval of a success without a link, which the next run polls once more', () => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      const [first, second, third] = [scripted([arkResponse('succeeded')]), scripted([{ hang: true }]), scripted([succeeded])];
      const journal = open(directory);
      const { lines } = record(first.client.watch(arkTask, journal.watch(arkTask)), to);
      at(seconds(300), () => {
        expect(lines.at(-2)).toMatch(/succeeded$/);
        journal.close();
        const again = open(directory);
        record(second.client.watch(arkTask, again.watch(arkTask)), to, seconds(1));
        at(seconds(1), () => { again.close(); });
      });
      at(seconds(302), () => {
        truncateSync(journal.path, statSync(journal.path).size - 100);
        const again = open(directory);
        record(third.client.watch(arkTask, again.watch(arkTask)), to);
      });
      flush();
      expect([sentAtS(second.transport), sentAtS(third.transport)]).toEqual([[300], [312]]);
    });
  });

  it('read the time from the clock of the client', () => {
    const directory = folder();
    const scheduler = Object.assign(Object.create(asyncScheduler) as typeof asyncScheduler, { now: () => 5_000_000 });
    const journal = open(directory, { scheduler });
    save(journal, markSent(stateOf('a'), 4_999_000));
    journal.close();
    truncateSync(journal.path, statSync(journal.path).size - 2);
    expect(open(directory, { scheduler }).states()).toMatchObject([{ sentAtMs: 5_000_000 }]);
    expect(() => openJournal(directory, { scheduler: {} as never })).toThrow(TypeError);
  });

  it('poll a task again whose watch ended with an error', () => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      const journal = open(directory);
      const lost = record(scripted([queued, forbidden]).client.watch(arkTask, journal.watch(arkTask)), to);
      flush();
      expect(lost.lines.at(-1)).toMatch(/#$/);
      journal.close();
      const again = open(directory, { forgetEndedAfterMs: Infinity });
      expect(again.states()).toMatchObject([{ ended: 'response' }]);
      const seen = record(scripted([succeeded]).client.watch(arkTask, again.watch(arkTask)), to);
      flush();
      expect(seen.lines.at(-2)).toMatch(/succeeded$/);
    });
  });

  it('send no polls after it is closed, emit the responses in flight, and end with an error of kind save', () => {
    inVirtualTime(({ flush }) => {
      const { client, transport } = scripted([queued, { ...running, afterMs: seconds(5) }, succeeded], { policy: every(seconds(15)), giveUpAfterMs: seconds(60) });
      const journal = open(folder());
      const seen = record(client.watch(arkTask, journal.watch(arkTask)), to);
      at(seconds(16), () => { journal.close(); });
      flush();
      expect(sentAtS(transport)).toEqual([0, 15]);
      expect(seen.lines.slice(0, 2)).toEqual(['0s queued', '20s running']);
      expect(seen.lines).toHaveLength(3);
      expect(seen.error).toMatchObject({ kind: 'save', message: expect.stringContaining('is closed') as string, state: { ended: null, snapshot: { status: 'running' } } });
    });
  });

  it('throw for a state of another base URL', () => {
    const directory = folder();
    const journal = open(directory);
    save(journal, { ...stateOf('cgt-1'), baseUrl: 'https://elsewhere.example' });
    expect(() => scripted([succeeded]).client.watch(arkTask, journal.watch(arkTask))).toThrow('resumeFrom.baseUrl must be the account\'s');
  });

  it('keep a valid line that was appended by hand', () => {
    const directory = folder();
    const journal = open(directory);
    save(journal, stateOf('a'));
    journal.close();
    appendFileSync(journal.path, `${JSON.stringify(stateOf('by-hand', 4))}\n`);
    expect(open(directory).states().map(({ task }) => task.id)).toEqual(['a', 'by-hand']);
  });
});
