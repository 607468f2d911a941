import { PassThrough } from 'node:stream';
import { of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import { FakeStream, run, variablesFor } from './console.js';

const speed = 100;
let simulator: Simulator;
let realTime: Readonly<Record<string, string>>;

beforeEach(async () => {
  simulator = await startSimulator({ speed });
  realTime = variablesFor(simulator);
});
afterEach(() => simulator.stop());

const submit = (outcome: 'succeeds' | 'stalls', times: { readonly queueMs?: number; readonly runMs?: number } = { queueMs: 0, runMs: 3_600_000 }): string =>
  `ark:${simulator.submit('ark', { outcome, model: 'doubao-seedance-1-5-pro', ...times }).id}`;

describe('list', () => {
  it('prints each task in one line: what it is, its status, its model, and when it was created', async () => {
    const tasks = [submit('succeeds', { queueMs: 0, runMs: 0 }), submit('stalls')];
    const { code, out, err } = await run(['list', 'ark'], { env: realTime });
    expect([code, err]).toEqual([0, '']);
    const lines = out.trim().split('\n').map((line) => line.split('\t'));
    expect(lines.map(([task]) => task).toSorted()).toEqual(tasks.toSorted());
    expect(lines.find(([task]) => task === tasks[0])).toEqual([tasks[0], 'succeeded', 'doubao-seedance-1-5-pro', expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:.]+Z$/)]);
  });

  it('prints all pages, and only the statuses that are wanted', async () => {
    for (let count = 0; count < 120; count += 1) submit('stalls');
    submit('succeeds', { queueMs: 0, runMs: 0 });
    const { out } = await run(['list', 'ark', '--status', 'running'], { env: realTime });
    const lines = out.trim().split('\n');
    expect([lines.length, new Set(lines.map((line) => line.split('\t')[1]))]).toEqual([120, new Set(['running'])]);
  });

  it('prints one snapshot a line with --json', async () => {
    const task = submit('stalls');
    const { out } = await run(['list', 'ark', '--json'], { env: realTime });
    expect(out.split('\n')).toHaveLength(2);
    expect(JSON.parse(out)).toMatchObject({ task: { provider: 'ark', id: task.slice(4) }, status: 'running', model: 'doubao-seedance-1-5-pro' });
  });

  it('prints a table with titles on a terminal, in as many columns as fit', async () => {
    submit('stalls');
    const wide = await run(['list', 'ark'], { env: realTime, stdout: new FakeStream({ isTTY: true, columns: 120 }) });
    expect(wide.out).toMatch(/^task +status +model +created\nark:\S+ +running +doubao-seedance-1-5-pro +20\S+Z\n$/);
    const narrow = await run(['list', 'ark'], { env: realTime, stdout: new FakeStream({ isTTY: true, columns: 45 }) });
    expect(narrow.out).toMatch(/^task +status\nark:\S+ +running\n$/);
  });

  it('prints nothing for an account without tasks', async () => {
    expect(await run(['list', 'powertokens'], { env: realTime })).toEqual({ code: 0, out: '', err: '' });
  });

  it('exits with 1 when the list fails, with the reason in one line', async () => {
    const { code, out, err } = await run(['list', 'ark'], { env: { ...realTime, ARK_API_KEY: 'wrong' } });
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^rx-seedance: ark: the list of tasks failed: .+\n$/);
  });

  it('ends on a signal', async () => {
    simulator.fault('ark', 'hang');
    expect(await run(['list', 'ark'], { env: realTime, signals: of('SIGTERM') })).toEqual({ code: 143, out: '', err: '' });
  });

  it('requests no further page when its output is closed', async () => {
    for (let count = 0; count < 201; count += 1) submit('stalls');
    expect(await run(['list', 'ark', '--status', 'running'], { env: realTime, stdout: new FakeStream({ breaksAfter: 10 }) })).toMatchObject({ code: 141, err: '' });
    expect(simulator.requests).toHaveLength(1);
  });
});

describe('what list prints', () => {
  it('is watched by watch', async () => {
    const tasks = [submit('succeeds', { queueMs: 1_000, runMs: 5_000 }), submit('succeeds', { queueMs: 0, runMs: 0 })];
    const stdin = new PassThrough();
    const listed = await run(['list', 'ark'], { env: realTime });
    stdin.end(listed.out);
    const { code, out } = await run(['watch', '-'], { env: { ...realTime, ...clockVariables(speed) }, stdin });
    expect(code).toBe(0);
    expect(out.trim().split('\n').map((line) => line.split('\t').slice(0, 2)).toSorted()).toEqual(tasks.map((task) => [task, 'succeeded']).toSorted());
  });
});

describe('watch --all', () => {
  it('watches what is queued or running on the account, together with the tasks that are named', async () => {
    const ended = submit('succeeds', { queueMs: 0, runMs: 0 });
    const [running, queued] = [submit('succeeds', { queueMs: 0, runMs: 300_000 }), submit('succeeds', { queueMs: 300_000, runMs: 5_000 })];
    const named = `anyfast:${simulator.submit('anyfast', { queueMs: 1_000, runMs: 5_000 }).id}`;
    const { code, out, err } = await run(['watch', '--all', 'ark', named], { env: { ...realTime, ...clockVariables(speed) } });
    expect(code).toBe(0);
    expect(out).not.toContain(ended);
    expect(out.trim().split('\n').map((line) => line.split('\t').slice(0, 2)).toSorted()).toEqual([named, running, queued].map((task) => [task, 'succeeded']).toSorted());
    expect(err).toMatch(/\n3 tasks: 3 succeeded\n$/);
  });

  it('exits with 0 when nothing runs, and with 1 when the list fails', async () => {
    submit('succeeds', { queueMs: 0, runMs: 0 });
    expect(await run(['watch', '--all', 'ark'], { env: realTime })).toEqual({ code: 0, out: '', err: '0 tasks\n' });
    expect(await run(['watch', '--all', 'ark'], { env: { ...realTime, ARK_API_KEY: 'wrong' } })).toMatchObject({
      ...{ code: 1, out: '' },
      err: expect.stringMatching(/^rx-seedance: ark: the list of tasks failed: .+\n$/) as string,
    });
  });
});
