/**
 * The time of a simulator with a speed: one clock for everything that it says, and the clock of `atSpeed`.
 */
import { firstValueFrom, timer } from 'rxjs';
import { atSpeed, startSimulator } from 'rx-seedance/simulator';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at, bench, benchAtSpeed, bornAtMs, request } from './support.js';

const minuteMs = 60_000;

describe('a simulator with a speed', () => {
  it('runs its tasks in simulated time, and says when things happened in it', async () => {
    const { simulator, pass, ask } = await benchAtSpeed(60);
    const startMs = atSpeed(60).now();
    const startAt = Math.floor(startMs / 1000);
    const task = simulator.submit('anyfast', { queueMs: minuteMs, runMs: 4 * minuteMs });
    const dataAfter = async (ms: number) => {
      pass(ms);
      return (await ask(task)).body().data;
    };
    expect(await dataAfter(999)).toMatchObject({ status: 'QUEUED', submit_time: startAt, start_time: 0 });
    expect(await dataAfter(2001)).toMatchObject({ status: 'IN_PROGRESS', progress: '72%', start_time: startAt + 60, finish_time: 0 });
    expect(await dataAfter(2000)).toMatchObject({ status: 'SUCCESS', start_time: startAt + 60, finish_time: startAt + 300 });
    expect(simulator.requests.map(({ atMs }) => atMs - startMs)).toEqual([59_940, 180_000, 300_000]);
  });

  it('dates every response by its clock', async () => {
    const { simulator, pass, ask } = await benchAtSpeed(600);
    const task = simulator.submit('ark', { queueMs: 0, runMs: 0 });
    pass(minuteMs);
    const reply = await ask(task);
    simulator.fault(task, 'bad-gateway-html');
    const others = [await ask(task), await request(String(at(reply.body(), 'content', 'video_url'))), await request(`${simulator.url}/nowhere`)];
    expect(others.map(({ status }) => status)).toEqual([502, 200, 404]);
    const now = new Date(atSpeed(600).now()).toUTCString();
    expect([reply, ...others].map(({ headers }) => headers.get('date'))).toEqual(Array(4).fill(now));
  });

  it('keeps links as long as documented, in simulated time', async () => {
    const { simulator, pass, ask } = await benchAtSpeed(3600);
    const url = String(at((await ask(simulator.submit('ark', { queueMs: 0, runMs: 0 }))).body(), 'content', 'video_url'));
    const { status } = await request(url);
    // A link is signed in whole seconds: the last of 24 h may be cut short.
    pass(23_999);
    const late = await request(url);
    pass(1);
    expect([status, late.status, (await request(url)).status]).toEqual([200, 200, 403]);
  });

  it('lets time go on while it is stopped', async () => {
    const { simulator, pass, ask } = await benchAtSpeed(60);
    const task = simulator.submit('ark', { queueMs: minuteMs, runMs: minuteMs });
    await simulator.stop();
    pass(2000);
    await simulator.restart();
    expect((await ask(task)).body().status).toBe('succeeded');
  });

  it('agrees with a timer of atSpeed when a task ends', async () => {
    const simulator = await startSimulator({ speed: 600 });
    onTestFinished(() => simulator.stop());
    const task = simulator.submit('ark', { queueMs: 5_000, runMs: 5_000 });
    await firstValueFrom(timer(10_000, atSpeed(600)));
    const url = `${simulator.baseUrl('ark')}/contents/generations/tasks/${task.id}`;
    const reply = await request(url, { headers: { authorization: 'Bearer sim-key' } });
    expect(reply.body().status).toBe('succeeded');
  });
});

it('a clock of its own takes the place of the speed', async () => {
  const { simulator, pass, ask } = await bench({ speed: 1 });
  const task = simulator.submit('ark', { queueMs: minuteMs, runMs: minuteMs });
  pass(2 * minuteMs);
  const reply = await ask(task);
  expect(reply.body().status).toBe('succeeded');
  expect(reply.headers.get('date')).toBe(new Date(bornAtMs + 2 * minuteMs).toUTCString());
});
