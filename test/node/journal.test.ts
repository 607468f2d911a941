import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { asyncScheduler, lastValueFrom, NEVER, of } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { account, type CreationRecord, type CreationStore, createTask, createTaskClient, type Transport } from '../../src/index.js';
import { type InvalidLine, type Journal, type JournalOptions, openJournal } from '../../src/node/index.js';
import { type Files, nodeFiles } from '../../src/node/files.js';
import { openJournalOn } from '../../src/node/journal.js';
import { linesOf } from '../../src/node/journal-lines.js';
import { taskKey } from '../../src/task/snapshot.js';
import { watchTasks } from '../../src/feed/watch-tasks.js';
import { markSent, startWatch, type WatchState } from '../../src/state/watch-state.js';
import { watchConfig } from '../../src/state/watch-config.js';
import { ark } from '../../src/providers/ark.js';
import { arkResponse, arkTask, sentAtS, at, record, every, failed, forbidden, inVirtualTime, key, queued, responseOf, running, scripted, seconds, succeeded, to } from '../support/client.js';
import { FaultyFiles } from './faulty-files.js';
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

const sentRecord = (key: string, sentAtMs = Date.now()): CreationRecord => ({ version: 1, key, provider: 'ark', account: null, bodyHash: 7, marker: null, sentAtMs, outcome: null });
const createdRecord = (key: string, sentAtMs = Date.now()): CreationRecord =>
  ({ ...sentRecord(key, sentAtMs), outcome: { outcome: 'created', key, task: { provider: 'ark', id: `cgt-${key}` }, expected: { serviceTier: null, model: null, resolution: null, durationMs: 5000 } } });
const rejectedRecord = (key: string, sentAtMs = Date.now()): CreationRecord =>
  ({ ...sentRecord(key, sentAtMs), outcome: { outcome: 'rejected', key, reason: 'quota', status: 429, code: null, message: 'no balance', retryAfterMs: null } });
/** A line as the journal writes it: the key comes first. */
const lineOf = ({ key, ...rest }: { readonly key: string }): string => `${JSON.stringify({ version: 3, creation: { key, ...rest } })}\n`;

/** A client whose POSTs get no response and whose account has no tasks. */
const buyer = () => {
  const methods: string[] = [];
  const own = account(ark, { apiKey: key });
  const transport: Transport = ({ method }) => {
    methods.push(method);
    return method === 'POST' ? NEVER : of(responseOf({ body: { total: 0, items: [] } }));
  };
  const client = createTaskClient({ transport, accounts: [own] });
  const create = (store: CreationStore) => createTask(client, own, { model: 'm', content: [{ type: 'text', text: 'a boat' }] }, { key: 'order-1', store });
  return { create, methods };
};

describe('the creations of a journal', () => {
  it('are there in the next run, beside the states of watches', () => {
    const directory = folder();
    const [first, sent, created, rejected] = [open(directory), sentRecord('a'), createdRecord('a'), rejectedRecord('b')];
    expect(first.creations.read('a')).toBeNull();
    expect([first.creations.write(sent, null), first.creations.write(created, sent), first.creations.write(rejected, null)]).toEqual([true, true, true]);
    save(first, stateOf('cgt-a'));
    first.close();
    const second = open(directory);
    expect(['a', 'b', 'c'].map((key) => second.creations.read(key))).toEqual([created, rejected, null]);
    expect(second.states()).toEqual([stateOf('cgt-a')]);
    expect(readFileSync(second.path, 'utf8').split('\n')).toHaveLength(4);
  });

  it('are replaced only if they still are what the writer has read', () => {
    const { creations, path } = open(folder());
    const [sent, other] = [sentRecord('a', 1000), sentRecord('a', 2000)];
    creations.write(sent, null);
    const text = readFileSync(path, 'utf8');
    expect([creations.write(other, null), creations.write(other, other), creations.write(sentRecord('b'), sent)]).toEqual([false, false, false]);
    expect(readFileSync(path, 'utf8')).toBe(text);
    // A copy is as good, and a later change of the writer's own object changes nothing.
    const changed = { ...other };
    expect(creations.write(changed, { ...sent })).toBe(true);
    changed.sentAtMs = 3000;
    expect(creations.read('a')).toEqual(other);
  });

  it('have keys of any characters', () => {
    const anyKey = fc.oneof(fc.string({ unit: 'binary', minLength: 1 }), fc.constantFrom('__proto__', '\n', '"', '\ud800', '}'));
    fc.assert(fc.property(fc.uniqueArray(anyKey), (keys) => {
      const disk = new FaultyFiles();
      const first = openJournalOn(disk.files, '/journal');
      for (const key of keys) first.creations.write(sentRecord(key, 1000), null);
      first.close();
      const second = openJournalOn(disk.files, '/journal');
      second.close();
      const third = openJournalOn(disk.files, '/journal');
      for (const key of keys) expect(third.creations.read(key)).toEqual(sentRecord(key, 1000));
      third.close();
    }));
  });

  it('are complete in a file that is cut at any byte, or were not kept', () => {
    const directory = folder();
    const lines = [sentRecord('a'), createdRecord('a'), sentRecord('任务')].map(lineOf);
    const whole = Buffer.from(lines.join(''));
    const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')) - 1);
    fc.assert(fc.property(fc.nat({ max: whole.length }), (bytes) => {
      writeFileSync(join(directory, 'watches.jsonl'), whole.subarray(0, bytes));
      const journal = open(directory);
      const kept = ends.filter((end) => end <= bytes).length;
      expect([journal.creations.read('a'), journal.creations.read('任务')]).toEqual([
        [null, JSON.parse(lines[0] ?? '').creation, JSON.parse(lines[1] ?? '').creation, JSON.parse(lines[1] ?? '').creation][kept],
        kept === 3 ? JSON.parse(lines[2] ?? '').creation : null,
      ]);
      expect(journal.creations.write(sentRecord('next'), null)).toBe(true);
      journal.close();
      const again = open(directory);
      expect(again.creations.read('next')).toMatchObject({ key: 'next' });
      again.close();
    }));
  });

  it.each([
    ['that is half', (line: string) => `${line.slice(0, 70)}\n`],
    ['without a provider', (line: string) => line.replace('"provider":"ark"', '"provider":""')],
    ['with zeros in it', (line: string) => line.replace('"bodyHash"', '\0\0\0\0')],
  ])('keep the key of an invalid line %s in use, also in the run after the next', async (_, damage) => {
    const directory = folder();
    const path = join(directory, 'watches.jsonl');
    writeFileSync(path, `${damage(lineOf(sentRecord('order-1')))}${lineOf(createdRecord('order-2'))}`);
    const invalid: InvalidLine[] = [];
    const options = { onInvalidLine: (line: InvalidLine) => void invalid.push(line) };
    open(directory, options).close();
    const { creations } = open(directory, options);
    expect(invalid).toMatchObject([{ line: 1 }]);
    expect(creations.read('order-2')).toMatchObject({ outcome: { outcome: 'created' } });
    const { create, methods } = buyer();
    await expect(lastValueFrom(create(creations))).rejects.toThrow('the store\'s record of the key \'order-1\' cannot be read; nothing was sent');
    expect(methods).toEqual([]);
    // Whoever has found out what was bought can say so.
    expect(creations.write(createdRecord('order-1'), creations.read('order-1') as CreationRecord)).toBe(true);
  });

  it('take a later line over an invalid one, and stay created whatever an invalid line says', () => {
    const directory = folder();
    const half = lineOf(sentRecord('a')).slice(0, 70);
    const text = [`${half}\n`, lineOf(createdRecord('a')), `${half}\n`, lineOf(rejectedRecord('b')), lineOf({ key: 'b' })].join('');
    writeFileSync(join(directory, 'watches.jsonl'), text);
    const { creations } = open(directory, { onInvalidLine: () => undefined });
    expect([creations.read('a'), creations.read('b')]).toMatchObject([{ outcome: { outcome: 'created' } }, { key: 'b', isUnreadable: true }]);
  });

  it('leave the minimum interval of tasks alone when their last line is incomplete', () => {
    const directory = folder();
    writeFileSync(join(directory, 'watches.jsonl'), `${JSON.stringify({ ...stateOf('a'), sentAtMs: 5 })}\n${lineOf(sentRecord('order')).slice(0, -20)}`);
    const journal = open(directory);
    expect(journal.states()).toMatchObject([{ sentAtMs: 5 }]);
    expect(journal.watch(stateOf('new').task)).not.toHaveProperty('firstPollAfterMs');
  });

  it.each([
    [{ version: 4, creation: sentRecord('a') }, 'CreationRecord: the version of the line must be 3, not 4'],
    [{ version: 3, creation: { ...sentRecord('a'), version: 2 } }, 'CreationRecord: the record of the key "a" is invalid'],
  ])('of a newer release are rejected, and the file stays unchanged', (line, message) => {
    const directory = folder();
    const text = `${JSON.stringify(line)}\n`;
    writeFileSync(join(directory, 'watches.jsonl'), text);
    expect(() => open(directory)).toThrow(`${join(directory, 'watches.jsonl')}, line 1: ${message}. A newer release wrote it`);
    expect(readFileSync(join(directory, 'watches.jsonl'), 'utf8')).toBe(text);
  });

  it('with an outcome are dropped after the time of ended watches, but not before four weeks, and the others never', () => {
    const directory = folder();
    const daysAgo = (days: number): number => Date.now() - days * 24 * 3_600_000;
    const records = [
      createdRecord('created-29', daysAgo(29)),
      rejectedRecord('rejected-29', daysAgo(29)),
      createdRecord('created-27', daysAgo(27)),
      sentRecord('sent-400', daysAgo(400)),
      { ...sentRecord('unknown-400', daysAgo(400)), outcome: { outcome: 'unknown', key: 'unknown-400', message: 'cut', candidates: null } } as const,
    ];
    writeFileSync(join(directory, 'watches.jsonl'), records.map(lineOf).join(''));
    const keys = (options: JournalOptions): readonly string[] => {
      const journal = open(directory, options);
      const kept = records.filter(({ key }) => journal.creations.read(key) !== null);
      journal.close();
      return kept.map(({ key }) => key);
    };
    expect(keys({ forgetEndedAfterMs: Infinity })).toHaveLength(5);
    expect(keys({ forgetEndedAfterMs: daysAgo(0) - daysAgo(30) })).toHaveLength(5);
    expect(keys({ forgetEndedAfterMs: 1000 })).toEqual(['created-27', 'sent-400', 'unknown-400']);
    expect(readFileSync(join(directory, 'watches.jsonl'), 'utf8').split('\n')).toHaveLength(4);
  });

  it('survive the rewrites of a file that grows', () => {
    const directory = folder();
    const journal = open(directory);
    const long = { ...stateOf('long'), baseUrl: `https://a.example/${'x'.repeat(30_000)}` };
    for (let polls = 0; polls < 100; polls += 1) {
      save(journal, { ...long, polls });
      journal.creations.write(createdRecord(`order-${String(polls)}`), null);
    }
    expect(statSync(journal.path).size).toBeLessThan(2 * 1_048_576);
    journal.close();
    const { creations } = open(directory);
    for (let polls = 0; polls < 100; polls += 1) expect(creations.read(`order-${String(polls)}`)).toMatchObject({ outcome: { outcome: 'created' } });
  });

  it('are neither read nor written after the journal is closed or its directory removed', () => {
    const directory = folder();
    const journal = open(directory);
    journal.close();
    expect(() => journal.creations.read('a')).toThrow(`${journal.path} is closed`);
    expect(() => journal.creations.write(sentRecord('a'), null)).toThrow(`${journal.path} is closed`);
    const again = open(directory);
    rmSync(directory, { recursive: true });
    expect(() => again.creations.write(sentRecord('a'), null)).toThrow('its directory was removed');
  });

  it('refuse a record that could not be read again', () => {
    const { creations, path } = open(folder());
    expect(() => creations.write({ ...sentRecord('a'), provider: '' }, null)).toThrow(TypeError);
    expect(() => creations.write({ ...sentRecord('a'), sentAtMs: NaN }, null)).toThrow(TypeError);
    expect(creations.read('a')).toBeNull();
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  it('send no second POST for a key whose process was stopped before the response', () => {
    const directory = folder();
    inVirtualTime(({ flush }) => {
      const [first, second] = [buyer(), buyer()];
      const journal = open(directory);
      record(first.create(journal.creations), ({ outcome }) => outcome, seconds(1));
      at(seconds(1), () => { journal.close(); });
      const seen: { lines?: readonly string[] } = {};
      at(seconds(2), () => {
        seen.lines = record(second.create(open(directory).creations), ({ outcome }) => outcome).lines;
      });
      flush();
      expect([first, second].map(({ methods }) => methods.filter((method) => method === 'POST').length)).toEqual([1, 0]);
      expect(seen.lines).toEqual(['72s unknown', '72s |']);
    });
  });
});
