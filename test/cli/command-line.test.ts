import { EventEmitter } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { parseEnv } from 'node:util';
import { of, Subject } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../src/cli/program.js';
import { type EndSignal, endSignals } from '../../src/cli/signals.js';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { openJournal } from '../../src/node/index.js';
import { simulatedProviders, type Simulator, startSimulator } from '../../src/simulator/index.js';
import type { TaskRef } from '../../src/task/snapshot.js';
import { FakeStream, once, run, variablesFor, withoutEscapes } from './console.js';

const speed = 100;
const key = 'sk-a-secret-of-thirty-characters';

let simulator: Simulator;
let env: Readonly<Record<string, string>>;
/** Without the simulator's clock: at its speed, a busy machine exceeds the time limit of a poll. */
let realTime: Readonly<Record<string, string>>;
let folder: string;

beforeAll(async () => {
  simulator = await startSimulator({ speed, keys: Object.fromEntries(simulatedProviders.map((id) => [id, key])) });
  realTime = variablesFor(simulator);
  env = { ...realTime, ...clockVariables(speed) };
});
afterAll(() => simulator.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rx-seedance-cli-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const written = ({ provider, id }: TaskRef): string => `${provider}:${id}`;
const short = { queueMs: 1_000, runMs: 5_000 } as const;
const submit = (outcome: 'succeeds' | 'fails' | 'cancelled' | 'stalls', provider: (typeof simulatedProviders)[number] = 'ark'): string =>
  written(simulator.submit(provider, { outcome, ...short }));

describe('help', () => {
  it.each(createProgram().commands.map((command) => command.name()))('of %s fits every terminal, and ends with an example that fits, too', async (name) => {
    for (const columns of [50, 80, 120]) {
      const { code, out, err } = await run([name, '--help'], { stdout: new FakeStream({ isTTY: true, columns }) });
      expect([code, err]).toEqual([0, '']);
      const text = withoutEscapes(out);
      if (name !== 'help') expect(text).toMatch(/:\n {2}(?:rx-seedance|eval) /);
      for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  it('names every command, and has 80 columns without a terminal', async () => {
    const { out } = await run(['--help']);
    for (const command of createProgram().commands) expect(out).toMatch(new RegExp(`^  ${command.name()} .*[A-Za-z]`, 'm'));
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeGreaterThan(75);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('has colours on a terminal, and --color and the variables decide elsewhere', async () => {
    const isColorful = async (args: readonly string[], isTTY: boolean, env = {}): Promise<boolean> =>
      (await run([...args, '--help'], { env, stdout: new FakeStream({ isTTY }) })).out.includes('\u001b[');
    expect(await isColorful([], true)).toBe(true);
    expect(await isColorful(['watch'], false)).toBe(false);
    expect(await isColorful([], true, { NO_COLOR: '1' })).toBe(false);
    expect(await isColorful(['watch', '--color', 'always'], false, { NO_COLOR: '1' })).toBe(true);
    expect(await isColorful(['watch', '--no-color'], true, { FORCE_COLOR: '1' })).toBe(false);
    expect(await isColorful(['watch'], false, { FORCE_COLOR: '1' })).toBe(true);
  });

  it('is printed on stderr without a command', async () => {
    const { code, out, err } = await run([]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain('watch [task...]');
  });

  it('is named in every usage error', async () => {
    expect(await run(['watch', 'cgt-1'])).toEqual({
      code: 2,
      out: '',
      err: "rx-seedance: 'cgt-1' is not a task: write provider:id, such as ark:cgt-20260427-abcde\nSee rx-seedance watch --help\n",
    });
    expect((await run(['wach'])).err).toContain('See rx-seedance --help\n');
  });
});

it('prints its version', async () => {
  const { out } = await run(['--version']);
  expect(out).toBe(`${(JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string }).version}\n`);
});

describe('query', () => {
  it('prints the snapshot, with the response body only if --raw is given', async () => {
    const task = submit('stalls');
    const bare = await run(['query', task], { env: realTime });
    expect([bare.code, bare.err]).toEqual([0, '']);
    expect(bare.out).toMatch(/^\{\n {2}"task": \{\n/);
    expect(Object.keys(JSON.parse(bare.out) as object).slice(0, 2)).toEqual(['task', 'status']);
    expect(bare.out).not.toContain('null');
    expect(JSON.parse(bare.out)).not.toHaveProperty('raw');
    const raw = await run(['query', task, '--raw'], { env: realTime });
    expect(JSON.parse(raw.out)).toHaveProperty('raw.status');
  });

  it('prints the fields that are null with --full, and with --json, which prints one line', async () => {
    const task = submit('stalls');
    const full = await run(['query', task, '--full'], { env: realTime });
    expect(full.out).toMatch(/^\{\n/);
    expect(JSON.parse(full.out)).toMatchObject({ task: { provider: 'ark' }, request: null });
    const json = await run(['query', task, '--json'], { env: realTime });
    expect(json.out).toMatch(/^\{"task":\{[^\n]+\},"status":[^\n]+\n$/);
    expect(JSON.parse(json.out)).toMatchObject({ request: null });
  });

  it('prints the error when there is no snapshot, with exit code 1', async () => {
    const { code, out, err } = await run(['query', 'ark:cgt-nobody'], { env: realTime });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^ark\/cgt-nobody: error response after 1 poll, never seen: .+\n$/);
  });

  it('ends on a signal', async () => {
    const task = simulator.submit('ark', { outcome: 'stalls' });
    simulator.fault(task, 'hang');
    expect(await run(['query', written(task)], { env: realTime, signals: of('SIGTERM') })).toMatchObject({ code: 143, out: '' });
  });
});

describe('providers', () => {
  it('prints the table, and whether each key is set', async () => {
    const { code, out } = await run(['providers'], { env: { ARK_API_KEY: key } });
    expect(code).toBe(0);
    expect(out).toMatch(/^ark .* ARK_API_KEY +set$/m);
    expect(out).toMatch(/^anyfast .* ANYFAST_API_KEY +not set$/m);
    expect(out).not.toContain(key);
  });

  it('keeps the names of the variables on a terminal of 80 columns, without the base URLs', async () => {
    const { out } = await run(['providers'], { stdout: new FakeStream({ isTTY: true, columns: 80 }) });
    expect(out).toContain('POWERTOKENS_API_KEY');
    expect(out).not.toContain('https://');
  });

  it('prints JSON for programs', async () => {
    const envFile = join(folder, '.env');
    writeFileSync(envFile, `ARK_API_KEY=${key}\n`);
    const { out } = await run(['providers', '--json', '--env', envFile]);
    const list = JSON.parse(out) as readonly Record<string, unknown>[];
    expect(list.map(({ id, keyIsSet }) => [id, keyIsSet])).toContainEqual(['ark', true]);
    expect(list).toContainEqual(expect.objectContaining({ id: 'kyyaipower', keyVariable: 'KYYAIPOWER_API_KEY', keyIsSet: false, pacing: { minIntervalMs: 10_000, recommended: { minMs: 30_000, maxMs: 60_000 }, longestMs: 60_000 } }));
    expect(out).not.toContain(key);
  });
});

describe('providers with an id', () => {
  it('prints every fact of the provider, and whether its key is set', async () => {
    const { code, out } = await run(['providers', 'ark'], { env: { ARK_API_KEY: key, ARK_BASE_URL: 'http://localhost:1' } });
    expect(code).toBe(0);
    expect(out).toMatch(/^service tiers +flex: half the price, longer by an undocumented factor$/m);
    expect(out).toMatch(/^key is +set$/m);
    expect(out).toMatch(/^ARK_BASE_URL +http:\/\/localhost:1$/m);
    expect(out).not.toContain(key);
  });

  it('fits the width of a terminal', async () => {
    const { out } = await run(['providers', 'kyyaipower'], { stdout: new FakeStream({ isTTY: true, columns: 80 }) });
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  it('prints the same facts as JSON, as one object', async () => {
    const { out } = await run(['providers', 'anyfast', '--json']);
    const all = JSON.parse((await run(['providers', '--json'])).out) as readonly unknown[];
    expect(all).toContainEqual(JSON.parse(out));
    expect(JSON.parse(out)).toMatchObject({
      ...{ id: 'anyfast', refundsFailures: true, list: null, otherBaseUrls: { China: 'https://www.anyfast.com.cn' } },
      retention: { recordMs: null, cancelledRecordMs: null, videoMs: 86_400_000 },
      expectedTimes: [{ series: null, resolutions: null, durationsMs: null, byTier: { default: { minMs: 60_000, maxMs: 300_000 } } }],
      retryWait: { minMs: 10_000, maxMs: 120_000 },
    });
    const ark = JSON.parse((await run(['providers', 'ark', '--json'])).out) as Readonly<Record<string, unknown>>;
    expect(ark['list']).toEqual({ path: '/contents/generations/tasks', maxTasks: 500, windowMs: 7 * 86_400_000, isByServiceTier: true });
  });

  it('suggests the closest id for an unknown one', async () => {
    expect(await run(['providers', 'anyfats'])).toEqual({
      ...{ code: 2, out: '' },
      err: "rx-seedance: unknown provider 'anyfats' (did you mean anyfast?): must be one of anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale\nSee rx-seedance providers --help\n",
    });
  });
});

describe('watch, for other programs', () => {
  it('prints the end of each task in one line, and exits with 0 when all succeeded', async () => {
    const tasks = [submit('succeeds'), submit('succeeds', 'anyfast')];
    const { code, out, err } = await run(['watch', ...tasks], { env });
    expect(code).toBe(0);
    const lines = out.trim().split('\n').map((line) => line.split('\t'));
    expect(lines.map(([task, end]) => [task, end]).toSorted()).toEqual(tasks.map((task) => [task, 'succeeded']).toSorted());
    for (const [, , link] of lines) expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/.+\.mp4\?/);
    expect(err).toMatch(/^\d\d:\d\d:\d\d {2}ark:\S+ {2}(queued|running|succeeded)$/m);
    expect(err).toMatch(/\n2 tasks: 2 succeeded\n$/);
  });

  it('exits with 1 when some failed or could not be followed, and prints why', async () => {
    const [failed, gone] = [submit('fails'), 'ark:cgt-nobody'];
    const stderr = new FakeStream();
    const { code, out, err } = await run(['watch', submit('succeeds'), failed, gone, '--deadline', '45s'], { env, stderr });
    expect(code).toBe(1);
    expect(out).toContain(`${failed}\tfailed\tinternal: `);
    expect(out).toMatch(/ark:cgt-nobody\terrored\ttimed out after \d+ polls, never seen: /);
    expect(err).toMatch(/ark:cgt-nobody {2}not-found: .+ \(attempt \d+, next in \d+ s\)$/m);
    expect(err).toMatch(/^3 tasks: 1 succeeded, 1 failed, 1 could not be followed$/m);
  });

  it('prints every event as a line of JSON with --json, without the response body', async () => {
    const slow = written(simulator.submit('ark', { runMs: 120_000 }));
    const { code, out } = await run(['watch', slow, submit('fails', 'yescale'), submit('succeeds', 'anyfast'), '--json'], {
      env: { ...env, ANYFAST_API_KEY: 'wrong' },
    });
    expect(code).toBe(1);
    const events = out.trim().split('\n').map((line) => JSON.parse(line) as { readonly kind: string; readonly [field: string]: unknown });
    expect(new Set(events.map(({ kind }) => kind))).toEqual(new Set(['added', 'transition', 'progress', 'retry', 'error']));
    expect(out).not.toContain('"raw"');
    expect(events).toContainEqual(expect.objectContaining({ kind: 'transition', transition: expect.objectContaining({ to: 'failed', snapshot: expect.objectContaining({ failure: expect.anything() as unknown }) as unknown }) as unknown }));
    expect(events.find(({ kind }) => kind === 'error')?.['error']).toEqual({
      name: 'SeedanceError', kind: 'response', reason: 'unauthorized', status: 401, message: expect.stringContaining('error response after 3 polls, never seen: ') as string,
    });
  });

  it('reads all tasks of a file before anything starts', async () => {
    const file = join(folder, 'tasks');
    const task = submit('succeeds');
    writeFileSync(file, `# mine\n${task}\n\nnonsense\n`);
    expect(await run(['watch', '--file', file], { env })).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`${file}, line 4: 'nonsense' is not a task`) as string });
    writeFileSync(file, `# mine\n${task}\n\n${task}\n`);
    const good = await run(['watch', '--file', file], { env });
    expect([good.code, good.out.split('\n')]).toEqual([0, [expect.stringContaining(task) as string, '']]);
    writeFileSync(file, '# none\n');
    expect(await run(['watch', '--file', file], { env })).toMatchObject({ code: 2, err: expect.stringContaining(`no task to watch: ${file} has no tasks`) as string });
    expect(await run(['watch', '--file', join(folder, 'gone')], { env })).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') as string });
  });

  it('reads a file in UTF-16, as PowerShell writes it', async () => {
    const file = join(folder, 'utf16.txt');
    const task = submit('succeeds');
    for (const bytes of [Buffer.from(`\uFEFF${task}\r\n`, 'utf16le'), Buffer.from(`\uFEFF${task}\r\n`, 'utf16le').swap16()]) {
      writeFileSync(file, bytes);
      expect(await run(['watch', '--file', file], { env })).toMatchObject({ code: 0, out: expect.stringContaining(task) as string });
    }
  });

  it('watches tasks from stdin as they come; an invalid line is an error, and does not stop the others', async () => {
    const stdin = new PassThrough();
    const stdout = new FakeStream();
    const [first, second] = [submit('succeeds'), submit('succeeds')];
    stdin.write(`${first}\n# a comment\nnonsense\n`);
    stdout.once('wrote', () => stdin.end(second)); // only when the first has finished
    const { code, out, err } = await run(['watch', '-'], { env, stdin, stdout });
    expect(code).toBe(2);
    expect(out.split('\n').map((line) => line.split('\t')[0])).toEqual([first, second, '']);
    expect(err).toContain("stdin, line 3: 'nonsense' is not a task");
  });

  it('prints an error for a line from stdin whose provider has no key', async () => {
    const { ARK_API_KEY = '', ARK_BASE_URL = '' } = env;
    const { code, err } = await run(['watch', '-'], { env: { ARK_API_KEY, ARK_BASE_URL, ...clockVariables(speed) }, stdin: Readable.from([`${submit('succeeds')}\nanyfast:x\n`]) });
    expect(code).toBe(2);
    expect(err).toContain('stdin, line 2: no key for anyfast: set ANYFAST_API_KEY');
  });

  it('prints only problems on stderr with --quiet, and the same on stdout', async () => {
    const tasks = [submit('succeeds'), submit('fails')];
    const stderr = new FakeStream({ isTTY: true });
    const { code, out } = await run(['watch', ...tasks, '-', '--quiet'], { env, stderr, stdin: Readable.from(['nonsense\n']) });
    expect(code).toBe(2);
    expect(out.split('\n').map((line) => line.split('\t')[1]).toSorted()).toEqual(['failed', 'succeeded', undefined]);
    expect(stderr.text).toMatch(/^\d\d:\d\d:\d\d {2}stdin, line 1: 'nonsense' is not a task[^\n]+\nark:\S+ {2}failed: internal: [^\n]+\n$/);
  });

  it('prints nothing on stderr with --quiet when all succeeded, or when it is interrupted', async () => {
    expect(await run(['watch', submit('succeeds'), '-q'], { env })).toMatchObject({ code: 0, err: '' });
    expect(await run(['watch', submit('stalls'), '-q'], { env, signals: of('SIGINT') })).toMatchObject({ code: 130, err: '' });
  });

  it('refuses a base URL without encryption, and names what gave it', async () => {
    const refused = 'http://example.com would send the key unencrypted: use https, or a server on this machine\nSee rx-seedance query --help\n';
    expect((await run(['query', 'ark:x', '--base-url', 'http://example.com'], { env })).err).toBe(`rx-seedance: --base-url ${refused}`);
    expect((await run(['query', 'ark:x'], { env: { ARK_API_KEY: key, ARK_BASE_URL: 'http://example.com' } })).err).toBe(`rx-seedance: ARK_BASE_URL ${refused}`);
    expect((await run(['query', 'ark:x', '--base-url', 'http://me:password@example.com'], { env })).err).not.toContain('password');
  });

  it('needs only the keys of the providers in use, and names the variable of a missing one', async () => {
    const { code, err } = await run(['watch', 'ark:cgt-1', 'anyfast:x'], { env: { ARK_API_KEY: key } });
    expect(code).toBe(2);
    expect(err).toBe('rx-seedance: no key for anyfast: set ANYFAST_API_KEY, or name a .env file that sets it with --env\nSee rx-seedance watch --help\n');
  });

  it('stops without an error when its output is closed', async () => {
    const stdout = new FakeStream({ breaksAfter: 10 });
    const { code, err } = await run(['watch', submit('succeeds'), submit('stalls')], { env, stdout });
    expect(code).toBe(141);
    expect(err).not.toMatch(/EPIPE|at .*\.ts|tasks:/);
    const broken = new FakeStream({ breaksAfter: 10 });
    expect((await run(['watch', submit('succeeds'), submit('stalls')], { env, stderr: broken })).code).toBe(141);
    expect((await run(['providers'], { stdout: new FakeStream({ breaksAfter: 10 }) })).code).toBe(0);
  });

  it('reports a full disk', async () => {
    const full = (): FakeStream => new FakeStream({ breaksAfter: 10, code: 'ENOSPC' });
    expect(await run(['providers'], { stdout: full() })).toMatchObject({ code: 1, err: 'rx-seedance: write ENOSPC\n' });
    const watched = await run(['watch', submit('succeeds'), submit('stalls')], { env, stdout: full() });
    expect([watched.code, watched.err.split('\n').at(-2)]).toEqual([1, 'rx-seedance: write ENOSPC']);
  });
});

describe('watch, interrupted', () => {
  it.each<[EndSignal, number]>([['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]])('by %s exits with %d and prints how to resume', async (signal, expected) => {
    const stderr = new FakeStream();
    const { code, err } = await run(['watch', submit('stalls')], { env, stderr, signals: once(stderr, 'running', signal) });
    expect(code).toBe(expected);
    expect(err).toMatch(/interrupted: 0 of 1 tasks finished\. To make a run resumable, add --journal DIR\.\n$/);
  });

  it('can be resumed by the same command with a journal', async () => {
    const stderr = new FakeStream();
    const { code, err } = await run(['watch', submit('stalls'), '--journal', folder], { env, stderr, signals: once(stderr, 'running', 'SIGINT') });
    expect(code).toBe(130);
    expect(err).toMatch(/Run the same command again to resume\.\n$/);
  });

  it('sends no more polls', async () => {
    const task = simulator.submit('ark', { outcome: 'stalls', ...short });
    const stderr = new FakeStream();
    await run(['watch', written(task)], { env, stderr, signals: once(stderr, 'running', 'SIGINT') });
    const polls = simulator.polls(task);
    await run(['watch', submit('succeeds')], { env });
    expect(simulator.polls(task)).toBe(polls);
  });

  it('ends at once on a second signal', async () => {
    const stderr = new FakeStream();
    const exits: number[] = [];
    await run(['watch', submit('stalls')], { env, stderr, signals: once(stderr, 'running', 'SIGINT', 'SIGINT'), exit: (code) => exits.push(code) });
    expect(exits).toEqual([130]);
  });

  it('leaves no signal handler behind', async () => {
    const process = new EventEmitter();
    const names = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    const stdout = new FakeStream();
    const during: number[] = [];
    stdout.on('wrote', () => during.push(...names.map((name) => process.listenerCount(name))));
    await run(['watch', submit('succeeds')], { env, stdout, signals: endSignals(process) });
    expect(during.every((count) => count > 0) && during.length > 0).toBe(true);
    expect(names.map((name) => process.listenerCount(name))).toEqual([0, 0, 0]);
  });
});

describe('watch, on a terminal', () => {
  it('draws a board, and restores the terminal', async () => {
    const stderr = new FakeStream({ isTTY: true });
    const { code, out } = await run(['watch', submit('succeeds'), submit('fails')], { env, stderr, stdout: new FakeStream({ isTTY: true }) });
    expect([code, out]).toEqual([1, '']);
    expect(stderr.text.indexOf('\u001b[?25l')).toBe(0);
    expect(stderr.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stderr.text.lastIndexOf('\u001b[?25l'));
    const shown = withoutEscapes(stderr.text);
    expect(shown).toMatch(/✔ ark .+ succeeded/);
    expect(shown).toMatch(/✔ 1 succeeded {2}✖ 1 failed\n█+ 100% {2}2\/2 finished {2}in \d/);
    expect(shown).toMatch(/\n\n✖ ark:\S+ {2}failed: internal: [^]+\nark:\S+ {2}http:\S+\n$/);
    expect(stderr.text).toContain('\u001b[32m');
  });

  it('prints errors of stdin above the board', async () => {
    const stderr = new FakeStream({ isTTY: true });
    const { code } = await run(['watch', '-'], { env, stderr, stdin: Readable.from([`${submit('succeeds')}\nnonsense\n`]) });
    expect(code).toBe(2);
    const [before, after = ''] = stderr.text.split("stdin, line 2: 'nonsense' is not a task");
    expect(withoutEscapes(before ?? '')).toContain('0%');
    expect(withoutEscapes(after)).toMatch(/✔ ark .+ succeeded/);
  });

  it('obeys NO_COLOR, and draws nothing on a dumb terminal', async () => {
    const plainBoard = new FakeStream({ isTTY: true });
    await run(['watch', submit('succeeds')], { env: { ...env, NO_COLOR: '1' }, stderr: plainBoard });
    expect(plainBoard.text).toContain('\u001b[?25l');
    // eslint-disable-next-line no-control-regex
    expect(plainBoard.text).not.toMatch(/\u001b\[[\d;]*m/);
    const dumb = new FakeStream({ isTTY: true });
    await run(['watch', submit('succeeds')], { env: { ...env, TERM: 'dumb' }, stderr: dumb });
    expect(dumb.text).not.toContain('\u001b');
    expect(dumb.text).toMatch(/1 task: 1 succeeded\n$/);
  });

  it('shows the cursor again when it is interrupted', async () => {
    const stderr = new FakeStream({ isTTY: true });
    await run(['watch', submit('stalls')], { env, stderr, signals: once(stderr, '⠋', 'SIGINT') });
    expect(stderr.text).toMatch(/\[\?25h[^]*interrupted: 0 of 1 task/);
    expect(stderr.text.lastIndexOf('\u001b[?25h')).toBeGreaterThan(stderr.text.lastIndexOf('\u001b[?25l'));
  });

  it('redraws when the window is resized, with no line wider than the window', async () => {
    const stderr = new FakeStream({ isTTY: true });
    const resized = new Subject<EndSignal>();
    let isNarrow = false;
    let after = '';
    stderr.on('wrote', () => {
      if (isNarrow && after === '' && stderr.text.slice(mark).includes('%')) {
        after = stderr.text.slice(mark);
        setImmediate(() => resized.next('SIGINT'));
      } else if (!isNarrow && stderr.text.includes('running')) {
        isNarrow = true;
        stderr.columns = 30;
        mark = stderr.text.length;
        setImmediate(() => stderr.emit('resize'));
      }
    });
    let mark = 0;
    await run(['watch', submit('stalls', 'anyfast')], { env, stderr, signals: resized });
    const lines = withoutEscapes(after).split('\n').filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.trim().length).toBeLessThanOrEqual(30);
  });

  it('prints lines instead, when JSON goes to the same terminal', async () => {
    const stderr = new FakeStream({ isTTY: true });
    await run(['watch', submit('succeeds'), '--json'], { env, stderr, stdout: new FakeStream({ isTTY: true }) });
    expect(stderr.text).not.toContain('\u001b');
  });

  it('prints the summary on stdout when stderr goes elsewhere', async () => {
    const { out } = await run(['watch', submit('succeeds')], { env, stdout: new FakeStream({ isTTY: true }) });
    expect(out).toMatch(/^1 task: 1 succeeded\nark:\S+ {2}http:\S+\n$/);
  });
});

describe('watch, saving videos', () => {
  it('saves each video, prints its path, and does not poll or download again in the next run', async () => {
    const task = simulator.submit('ark', { outcome: 'succeeds', ...short });
    const first = await run(['watch', written(task), '--download', folder], { env });
    expect(first.code).toBe(0);
    const path = first.out.trim().split('\t')[2] ?? '';
    expect(existsSync(path)).toBe(true);
    expect(first.err).toMatch(/saved: .+\.mp4 \(\d+ kB\)/);
    expect(first.err).toMatch(/1 task: 1 saved\nvideos → \S+ \(1 file, \d+ kB\)\n$/);

    const polls = simulator.polls(task);
    const requests = simulator.requests.length;
    const second = await run(['watch', written(task), '--download', folder], { env });
    expect([second.code, second.out]).toEqual([0, first.out]);
    expect(second.err).toContain('already saved');
    expect([simulator.polls(task), simulator.requests.length]).toEqual([polls, requests]);

    const third = await run(['watch', '--download', folder], { env });
    expect([third.code, third.out]).toEqual([0, first.out]);
  });

  it('prints the events of files as JSON, too', async () => {
    const { out } = await run(['watch', submit('succeeds'), submit('fails'), '--download', folder, '--json'], { env });
    const events = out.trim().split('\n').map((line) => JSON.parse(line) as { readonly kind: string; readonly [field: string]: unknown });
    expect(events).toContainEqual(expect.objectContaining({ kind: 'saved', isNew: true }));
    expect(events).toContainEqual(expect.objectContaining({ kind: 'not-saved', reason: 'failed', error: null }));
    expect(events.filter(({ kind }) => kind === 'download').at(-1)).toMatchObject({ progress: { done: true } });
  });

  it('exits with 1 when a video cannot be saved', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    const { code, err } = await run(['watch', submit('succeeds'), '--download', join(file, 'below'), '--journal', join(folder, 'journal')], { env });
    expect(code).toBe(1);
    expect(err).toMatch(/not saved: .+\n1 task: 1 not saved\n$/);
  });

  it('keeps its deadline in the next run, unless that run gives another one', async () => {
    const task = submit('stalls');
    const deadline = (): number => {
      const [line = ''] = readFileSync(join(folder, 'watches.jsonl'), 'utf8').trim().split('\n').slice(-1);
      return (JSON.parse(line) as { readonly deadlineAtMs: number }).deadlineAtMs;
    };
    const runFor = async (...args: readonly string[]): Promise<number> => {
      const stderr = new FakeStream();
      await run(['watch', task, '--journal', folder, ...args], { env, stderr, signals: once(stderr, 'running', 'SIGINT') });
      return deadline();
    };
    const first = await runFor('--deadline', '30m');
    expect(await runFor()).toBe(first);
    // Counted from the start, which is not exact on a busy machine.
    const minutes = async (text: string): Promise<number> => Math.round((await runFor('--deadline', text) - first) / 60_000);
    expect(await minutes('30m')).toBeLessThanOrEqual(2);
    expect(Math.abs(await minutes('4h') - 210)).toBeLessThanOrEqual(2);
  });

  it('prints a usage error for a journal that another run uses', async () => {
    const journal = openJournal(folder);
    try {
      const { code, err } = await run(['watch', submit('stalls'), '--journal', folder], { env });
      expect(code).toBe(2);
      expect(err.split('\n')).toHaveLength(3);
      expect(err).toContain(folder);
    } finally {
      journal.close();
    }
  });

  it('prints a usage error for a journal without tasks', async () => {
    expect(await run(['watch', '--journal', folder], { env })).toMatchObject({ code: 2, err: expect.stringContaining(`no task to watch: the journal in ${folder} has no tasks`) as string });
    expect(openJournal(folder).close()).toBeUndefined(); // it was closed
  });
});

describe('simulate', () => {
  it('prints a .env file for watch, and ends on a signal', async () => {
    const [stdout, stderr] = [new FakeStream(), new FakeStream()];
    const tasksFile = join(folder, 'tasks');
    const envFile = join(folder, 'sim.env');
    const signals = new Subject<EndSignal>();
    const simulated = run(['simulate', '--speed', String(speed), '--tasks', '7', '--tasks-file', tasksFile, '--seed', '3'], { stdout, stderr, signals });
    await new Promise((resolve) => stderr.once('wrote', resolve));
    await new Promise(setImmediate);

    writeFileSync(envFile, stdout.text);
    expect(Object.keys(parseEnv(stdout.text)).toSorted()).toEqual(Object.keys(env).toSorted());
    const tasks = readFileSync(tasksFile, 'utf8').trim().split('\n');
    expect(stdout.text.match(/^# task .+$/gm)).toEqual(tasks.map((task) => `# task ${task}`));
    expect(new Set(tasks.map((task) => task.split(':')[0]))).toEqual(new Set(simulatedProviders));
    expect(stderr.text).toContain(`rx-seedance watch --file ${tasksFile} --env sim.env --download videos`);

    const watched = await run(['watch', '--file', tasksFile, '--env', envFile, '--download', join(folder, 'videos')]);
    expect(watched.code).toBe(0);
    expect(watched.err).toMatch(/7 tasks: 7 saved\nvideos → /);

    signals.next('SIGTERM');
    expect((await simulated).code).toBe(0);
  });

  it('prints an error in one line', async () => {
    const port = new URL(simulator.url).port;
    const taken = await run(['simulate', '--port', port]);
    expect(taken.code).toBe(1);
    expect(taken.err).toMatch(/^rx-seedance: listen EADDRINUSE.*\n$/);
    const stack = await run(['simulate', '--port', port], { env: { RX_SEEDANCE_DEBUG: '1' } });
    expect(stack.err).toMatch(/\n +at /);
    expect((await run(['simulate', '--tasks', '1', '--tasks-file', folder])).err).toContain(`rx-seedance: --tasks-file ${folder}: EISDIR: illegal operation on a directory\n`);
    expect(await run(['simulate', '--outcomes', 'fails=0'])).toMatchObject({ code: 2, err: expect.stringContaining('outcomes must be a record with a weight above 0') as string });
  });
});

describe('keys', () => {
  it('appear in no output and no error of any command', async () => {
    const envFile = join(folder, '.env');
    writeFileSync(envFile, Object.entries(env).map(([name, value]) => `${name}=${value}\n`).join(''));
    const outputs = await Promise.all([
      run(['watch', submit('succeeds'), 'ark:cgt-nobody', '--deadline', '45s'], { env }),
      run(['watch', submit('fails', 'yescale'), '--json', '--download', join(folder, 'v'), '--env', envFile]),
      run(['watch', '--file', envFile], { env }),
      run(['watch', '-', '--deadline', '45s'], { env, stdin: Readable.from([`ARK_API_KEY=${key}\n${key}\nark:${key}\n`]) }),
      run(['watch', `ark:${key}`, '--deadline', '45s'], { env }),
      run(['watch', 'ark:x', `--api-key=${key}`], { env }),
      run(['watch', 'ark:x', '--api-key', key], { env }),
      run(['watch', 'ark:x'], { env: { ARK_API_KEY: `${key} ` + '"' } }),
      run(['query', submit('stalls'), '--raw'], { env }),
      run(['query', `ark:${key}`], { env }),
      run(['query', 'ark:x'], { env: { ...env, ARK_API_KEY: `${key}-wrong` } }),
      run(['providers'], { env }),
      run(['providers', '--json', '--env', envFile]),
    ]);
    for (const { out, err } of outputs) expect(out + err).not.toContain(key);
  });
});
