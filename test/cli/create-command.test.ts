import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EndSignal } from '../../src/cli/signals.js';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { openJournal } from '../../src/node/index.js';
import { type FaultKind, type SimulatedProvider, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { FakeStream, once, run, variablesFor } from './console.js';

const speed = 100;
const key = 'sk-a-secret-of-thirty-characters';
let simulator: Simulator;
let env: Readonly<Record<string, string>>;
let folder: string;

beforeEach(async () => {
  simulator = await startSimulator({ speed, keys: { ark: key, kyyaipower: key, anyfast: key } });
  env = { ...variablesFor(simulator), ...clockVariables(speed) };
  folder = mkdtempSync(join(tmpdir(), 'rx-seedance-create-'));
});
afterEach(async () => {
  rmSync(folder, { recursive: true });
  await simulator.stop();
});

const prompt = ['--prompt', 'a paper boat', '--model', 'doubao-seedance-1-5-pro', '--resolution', '720p', '--duration', '5'];

/** What was bought, as `provider:id`. */
const bought = (provider: SimulatedProvider = 'ark'): readonly string[] => simulator.tasks(provider).map(({ id }) => `${provider}:${id}`);

/** A file with a body. */
const bodyFile = (text: string): string => {
  const path = join(folder, 'body.json');
  writeFileSync(path, text);
  return path;
};

/** Terminals of a person who gives an answer. */
const person = (answer: string) => {
  const [stdin, stderr] = [Object.assign(new PassThrough(), { isTTY: true }), new FakeStream({ isTTY: true })];
  stderr.once('wrote', () => stdin.end(answer));
  return { stdin, stderr };
};

describe('create', () => {
  it('creates one task of a prompt, and prints its id', async () => {
    const { code, out, err } = await run(['create', 'ark', ...prompt], { env });
    expect([code, out, err]).toEqual([0, `${bought()[0] ?? ''}\n`, '']);
    expect(simulator.tasks('ark').map(({ request }) => request)).toEqual([
      { model: 'doubao-seedance-1-5-pro', content: [{ type: 'text', text: 'a paper boat' }], resolution: '720p', duration: 5 },
    ]);
  });

  it.each<[SimulatedProvider, string]>([['kyyaipower', 'seedance_1_5_pro_720p'], ['anyfast', 'seedance'], ['yescale', 'seedance'], ['xingchao', 'seedance_1_5_pro_720p'], ['powertokens', 'seedance']])('creates one of %s, whose body it knows', async (provider, model) => {
    const { code, out } = await run(['create', provider, '--prompt', 'a paper boat', '--model', model], { env });
    expect([code, out]).toEqual([0, `${bought(provider)[0] ?? ''}\n`]);
  });

  it('sends the JSON of a file or of stdin as it is', async () => {
    const body = '{"model": "m", "content": [{"type": "text", "text": "boats"}], "frames": 48}';
    const [ofFile, ofStdin] = [await run(['create', 'ark', '--body', bodyFile(body)], { env }), await run(['create', 'ark', '--body', '-'], { env, stdin: Readable.from([body]) })];
    expect([ofFile.code, ofStdin.code, bought()]).toEqual([0, 0, [ofFile.out.trim(), ofStdin.out.trim()]]);
    for (const { request } of simulator.tasks('ark')) expect(request).toEqual(JSON.parse(body));
  });

  it.each([
    ['{', /--body \S+: the body must be JSON: /],
    ['{"content": []}', /--body \S+: model must be a non-empty string, not undefined/],
    ['{"model": "m", "content": [{"type": "image_url", "image_url": {"url": "me.png"}}]}', /--body \S+: content\[0\]\.image_url\.url must be a URL that the provider can read, not 'me\.png'/],
  ])('refuses a body that the provider refuses: %s', async (body, message) => {
    const { code, err } = await run(['create', 'ark', '--body', bodyFile(body)], { env });
    expect([code, err]).toEqual([2, expect.stringMatching(message)]);
    expect(simulator.requests).toEqual([]);
  });

  it('refuses a prompt without a text, and a file that is missing', async () => {
    expect((await run(['create', 'ark', '--prompt', ' ', '--model', 'm'], { env })).err).toContain("--prompt: content[0].text must be a non-empty string, not ' '");
    expect(await run(['create', 'ark', '--body', join(folder, 'gone')], { env })).toMatchObject({ code: 2, err: expect.stringContaining('ENOENT') as string });
    expect(simulator.requests).toEqual([]);
  });

  it('prints the outcome as JSON', async () => {
    const { out } = await run(['create', 'ark', ...prompt, '--json'], { env });
    expect(JSON.parse(out)).toMatchObject({ outcome: 'created', task: { provider: 'ark', id: bought()[0]?.slice(4) }, expected: { resolution: '720p', durationMs: 5_000 } });
  });

  it('prints the id on stderr when nobody reads stdout', async () => {
    const { err } = await run(['create', 'ark', ...prompt], { env, stdout: new FakeStream({ breaksAfter: 1 }) });
    expect(err).toBe(`created ${bought()[0] ?? ''}\n`);
  });
});

describe('create, on a terminal', () => {
  it('asks before it buys', async () => {
    const { code, err } = await run(['create', 'ark', ...prompt], { env, ...person('y\n') });
    expect([code, err]).toEqual([0, `This costs money: create a task (doubao-seedance-1-5-pro, 720p, 5 s) at ark, ${simulator.baseUrl('ark')}? [y/N] `]);
    expect(bought()).toHaveLength(1);
  });

  it.each(['n\n', '\n', ''])('creates nothing after the answer %j', async (answer) => {
    const { code, out, err } = await run(['create', 'ark', ...prompt], { env, ...person(answer) });
    expect([code, out]).toEqual([3, '']);
    expect(err).toMatch(/\[y\/N\] \n?no task was created\n$/);
    expect(simulator.requests).toEqual([]);
  });

  it('creates nothing when the question is interrupted', async () => {
    const stderr = new FakeStream({ isTTY: true });
    const stdin = Object.assign(new PassThrough(), { isTTY: true });
    expect((await run(['create', 'ark', ...prompt], { env, stdin, stderr, signals: once(stderr, '[y/N]', 'SIGINT') })).code).toBe(130);
    expect([stdin.destroyed, simulator.requests]).toEqual([true, []]);
  });

  it('does not ask with --yes, and not when stdin or stderr is no terminal', async () => {
    const [terminal, input] = [new FakeStream({ isTTY: true }), Object.assign(new PassThrough(), { isTTY: true })];
    expect(await run(['create', 'ark', ...prompt, '--yes'], { env, stdin: input, stderr: terminal })).toMatchObject({ code: 0, err: '' });
    expect(await run(['create', 'ark', ...prompt], { env, stderr: terminal })).toMatchObject({ code: 0, err: '' });
    expect(await run(['create', 'ark', ...prompt], { env, stdin: input })).toMatchObject({ code: 0, err: '' });
    expect(bought()).toHaveLength(3);
  });

  it('needs --yes for a body that is typed, because nobody can be asked', async () => {
    const { code, err } = await run(['create', 'ark', '--body', '-'], { env, ...person('{}') });
    expect([code, err]).toEqual([2, expect.stringContaining('--body - reads stdin to its end, so nobody can be asked: add --yes')]);
  });
});

describe('create, with a fault', () => {
  it.each<[FaultKind, RegExp]>([
    ['moderated-creation', /^no task was created: moderation: .+\n$/],
    ['over-quota-creation', /^no task was created: quota: .+\n$/],
    ['rate-limited-creation', /^no task was created: rate-limited: [^(]+\n$/],
    ['rate-limited-creation-retry-after', /^no task was created: rate-limited: .+ \(try again in 20 s\)\n$/],
  ])('exits with 3 after %s, which buys nothing, and says why', async (fault, message) => {
    simulator.fault('ark', fault);
    const { code, out, err } = await run(['create', 'ark', ...prompt, '--watch'], { env });
    expect([code, out, bought()]).toEqual([3, '', []]);
    expect(err).toMatch(message);
  });

  it.each<FaultKind>(['server-error-after-creation', 'bad-gateway-html-after-creation', 'hang-after-creation', 'reset-after-creation', 'cut-after-creation'])('exits with 4 after %s, names the task as a candidate, and buys no other', async (fault) => {
    simulator.submit('ark', { queueMs: 0, runMs: 0 });
    simulator.fault('ark', fault);
    const { code, out, err } = await run(['create', 'ark', ...prompt, '--watch'], { env });
    expect([code, out]).toEqual([4, '']);
    expect(bought()).toHaveLength(2);
    const [first, may, look, again] = err.split('\n');
    expect(first).toMatch(/^a task may have been created, and is billed then: ./);
    expect(may).toMatch(/^it may be one of these: /);
    expect(may?.split(': ')[1]?.split(' ').toSorted()).toEqual(bought().toSorted());
    expect([look, again]).toEqual(['look for it: rx-seedance list ark', 'the same command would create another task']);
  });

  it('exits with 4 when the list has no new task, and when there is no list', async () => {
    simulator.fault('ark', 'server-error-before-creation');
    expect(await run(['create', 'ark', ...prompt], { env })).toMatchObject({ code: 4, err: expect.stringContaining('the list of tasks has no new task yet\nlook for it: rx-seedance list ark\n') as string });
    simulator.fault('anyfast', 'server-error-after-creation');
    const { code, err } = await run(['create', 'anyfast', ...prompt], { env });
    expect([code, err]).toEqual([4, expect.stringMatching(/^a task may have been created, and is billed then: .+\nlook for it: on the website of AnyFast\n/)]);
  });

  it('exits with 3 when the request cannot leave', async () => {
    await simulator.stop();
    const { code, err } = await run(['create', 'ark', ...prompt], { env });
    expect([code, err]).toEqual([3, expect.stringMatching(/^no task was created: transport: .*ECONNREFUSED/)]);
    await simulator.restart();
  });

  it('prints each outcome as JSON, too', async () => {
    simulator.fault('ark', 'moderated-creation');
    expect(JSON.parse((await run(['create', 'ark', ...prompt, '--json'], { env })).out)).toMatchObject({ outcome: 'rejected', reason: 'moderation', status: 400 });
    simulator.fault('ark', 'server-error-after-creation');
    expect(JSON.parse((await run(['create', 'ark', ...prompt, '--json'], { env })).out)).toMatchObject({ outcome: 'unknown', candidates: [{ provider: 'ark', id: bought()[0]?.slice(4) }] });
  });

  it('shows no key', async () => {
    const { out, err } = await run(['create', 'ark', ...prompt], { env: { ...env, ARK_API_KEY: `${key}-wrong` } });
    expect(err).toMatch(/^no task was created: unauthorized: /);
    expect(out + err).not.toContain(key);
  });
});

describe('create, interrupted', () => {
  it('waits for the outcome, because the task may be bought already', async () => {
    const stderr = new FakeStream();
    const { code, out, err } = await run(['create', 'ark', ...prompt, '--watch'], { env, stderr, signals: of('SIGTERM') });
    expect([code, out]).toEqual([143, `${bought()[0] ?? ''}\n`]);
    expect(err).toBe('waiting for the outcome, because a task may be bought already. After a second interrupt look for it: rx-seedance list ark\n');
  });

  it('ends at once on a second signal', async () => {
    simulator.fault('ark', 'hang-after-creation');
    const stderr = new FakeStream();
    const exits: number[] = [];
    await run(['create', 'ark', ...prompt], { env, stderr, signals: of<EndSignal[]>('SIGINT', 'SIGINT'), exit: (code) => exits.push(code) });
    expect(exits).toEqual([130]);
    expect(bought()).toHaveLength(1);
  });

  it('says how to follow the task, when that is interrupted: the same command would buy another one', async () => {
    const stderr = new FakeStream();
    const { code, out, err } = await run(['create', 'ark', ...prompt, '--download', folder], { env, stderr, signals: once(stderr, 'queued', 'SIGINT') });
    expect([code, out]).toEqual([130, `${bought()[0] ?? ''}\n`]);
    expect(err).toMatch(new RegExp(`interrupted: 0 of 1 tasks finished\\. The task goes on: rx-seedance watch ${out.trim()} --download ${folder}\\n$`));
  });
});

describe('create, and watch', () => {
  it('follows the task to its end, and saves its video', async () => {
    const { code, out, err } = await run(['create', 'ark', ...prompt, '--download', folder], { env });
    const [id, end] = out.split('\n');
    expect([code, id]).toEqual([0, bought()[0]]);
    const [task, word, path = ''] = end?.split('\t') ?? [];
    expect([task, word, existsSync(path)]).toEqual([id, 'succeeded', true]);
    expect(err).toMatch(/^purchase [\w-]{36}\n/);
    expect(err).toMatch(/\n1 task: 1 saved\nvideos → \S+ \(1 file, \d+ kB\)\n$/);
  });

  it('prints nothing on stderr with --quiet', async () => {
    expect(await run(['create', 'ark', ...prompt, '--download', folder, '--quiet'], { env })).toMatchObject({ code: 0, out: expect.stringContaining(bought()[0] ?? 'nothing') as string, err: '' });
  });

  it('exits with 1 when the task fails', async () => {
    const failing = await startSimulator({ speed, outcomes: { fails: 1 } });
    const { code, out } = await run(['create', 'ark', ...prompt, '--watch', '--json'], { env: { ...variablesFor(failing), ...clockVariables(speed) } });
    await failing.stop();
    const [first, ...events] = out.trim().split('\n').map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect([code, first?.['outcome'], events[0]?.['kind'], events.at(-1)?.['kind']]).toEqual([1, 'created', 'added', 'transition']);
  });
});

describe('a purchase', () => {
  it('is a usage error in a journal that another run uses, before anything is bought', async () => {
    const journal = openJournal(folder);
    try {
      expect(await run(['create', 'ark', ...prompt, '--journal', folder], { env })).toMatchObject({ code: 2, err: expect.stringContaining(folder) as string });
    } finally {
      journal.close();
    }
    expect(simulator.requests).toEqual([]);
  });

  describe('with a name and a journal', () => {
    const buy = (...more: readonly string[]) => run(['create', 'ark', ...prompt, '--journal', folder, '--purchase', 'order-1', ...more], { env });

    it('buys one task, however often it is made', async () => {
      const [first, second] = [await buy(), await buy('--watch')];
      expect([first.code, second.code]).toEqual([0, 0]);
      expect(bought()).toEqual([first.out.trim()]);
      expect(second.out).toContain(first.out);
    });

    it('buys no other task after an unknown outcome', async () => {
      simulator.fault('ark', 'reset-after-creation');
      const [first, second] = [await buy(), await buy()];
      expect([first.code, second.code]).toEqual([4, 4]);
      expect(second.err).toContain(`it may be one of these: ${bought()[0] ?? ''}\n`);
      expect(second.err).toContain('the same command with --purchase order-1 creates no other task: it looks for this one again\n');
      expect(bought()).toHaveLength(1);
    });

    it('may be made again after a rejection', async () => {
      simulator.fault('ark', 'rate-limited-creation');
      expect([(await buy()).code, (await buy()).code]).toEqual([3, 0]);
      expect(bought()).toHaveLength(1);
    });

    it('is a usage error for another body', async () => {
      await buy();
      const { code, err } = await buy('--duration', '10');
      expect([code, err]).toEqual([2, expect.stringContaining("--purchase: the key 'order-1' was used for another body, account or provider")]);
      expect(bought()).toHaveLength(1);
    });
  });
});
