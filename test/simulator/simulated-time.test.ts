/**
 * The clock of a simulator with a speed: all its times use it, and `atSpeed` shows the same time.
 */
import { firstValueFrom, timer } from 'rxjs';
import { atSpeed, startSimulator } from 'rx-seedance/simulator';
import { describe, expect, it, onTestFinished } from 'vitest';
import { at, setUp, setUpAtSpeed, startAtMs, request } from './support.js';

const minuteMs = 60_000;

describe('a simulator with a speed', () => {
  it('runs its tasks and reports their times in simulated time', async () => {
    const { simulator, advance, poll } = await setUpAtSpeed(60);
    const startMs = atSpeed(60).now();
    const startAt = Math.floor(startMs / 1000);
    const task = simulator.submit('anyfast', { queueMs: minuteMs, runMs: 4 * minuteMs });
    const dataAfter = async (ms: number) => {
      advance(ms);
      return (await poll(task)).body().data;
    };
    expect(await dataAfter(999)).toMatchObject({ status: 'QUEUED', submit_time: startAt, start_time: 0 });
    expect(await dataAfter(2001)).toMatchObject({ status: 'IN_PROGRESS', progress: '72%', start_time: startAt + 60, finish_time: 0 });
    expect(await dataAfter(2000)).toMatchObject({ status: 'SUCCESS', start_time: startAt + 60, finish_time: startAt + 300 });
    expect(simulator.requests.map(({ atMs }) => atMs - startMs)).toEqual([59_940, 180_000, 300_000]);
  });

  it('sets the Date of every response from its clock', async () => {
    const { simulator, advance, poll } = await setUpAtSpeed(600);
    const task = simulator.submit('ark', { queueMs: 0, runMs: 0 });
    advance(minuteMs);
    const reply = await poll(task);
    simulator.fault(task, 'bad-gateway-html');
    const others = [await poll(task), await request(String(at(reply.body(), 'content', 'video_url'))), await request(`${simulator.url}/nowhere`)];
    expect(others.map(({ status }) => status)).toEqual([502, 200, 404]);
    const now = new Date(atSpeed(600).now()).toUTCString();
    expect([reply, ...others].map(({ headers }) => headers.get('date'))).toEqual(Array(4).fill(now));
  });

  it('keeps links valid as long as documented, in simulated time', async () => {
    const { simulator, advance, poll } = await setUpAtSpeed(3600);
    const url = String(at((await poll(simulator.submit('ark', { queueMs: 0, runMs: 0 }))).body(), 'content', 'video_url'));
    const { status } = await request(url);
    // A link is signed in whole seconds, so it may expire up to a second early.
    advance(23_999);
    const late = await request(url);
    advance(1);
    expect([status, late.status, (await request(url)).status]).toEqual([200, 200, 403]);
  });

  it('keeps its clock running while it is stopped', async () => {
    const { simulator, advance, poll } = await setUpAtSpeed(60);
    const task = simulator.submit('ark', { queueMs: minuteMs, runMs: minuteMs });
    await simulator.stop();
    advance(2000);
    await simulator.restart();
    expect((await poll(task)).body().status).toBe('succeeded');
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

it('a given clock replaces the speed', async () => {
  const { simulator, advance, poll } = await setUp({ speed: 1 });
  const task = simulator.submit('ark', { queueMs: minuteMs, runMs: minuteMs });
  advance(2 * minuteMs);
  const reply = await poll(task);
  expect(reply.body().status).toBe('succeeded');
  expect(reply.headers.get('date')).toBe(new Date(startAtMs + 2 * minuteMs).toUTCString());
});
