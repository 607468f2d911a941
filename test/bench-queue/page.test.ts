import { expect, it } from 'vitest';
import { goals, type Id, type Measured, mostOfOneProcess, page, scaleTable, unitCosts, workersFor } from './page.mjs';

/** 1,000 tasks that are watched for 100 s each: 100,000 task-seconds. */
const run = (id: Id, changes: Partial<Measured> = {}): Measured => ({
  id, name: id, tasks: 1_000, ends: 1_000, twice: 0, requests: 200, longestUrl: 6_000, mostOfList: 144, polls: 5_000, sweeps: 50, failedSweeps: 0, commands: 10_000, rowsWritten: 0,
  workersCpuS: 3, databaseCpuS: 1, bytesWritten: 1e7, lifeS: 100, wallS: 20, knownS: [5, 10], deliveredS: [6, 11], ...changes,
});
const runs = [
  run('sweeps'), run('jobs', { polls: 2_500, commands: 100_000 }), run('no-window'), run('wide-window'), run('postgres'), run('redis-key'),
  run('postgres-key', { commands: 0, rowsWritten: 20_000 }),
];

it('divides what a run took by the time that its tasks were watched', () => {
  expect(unitCosts(run('redis-key'))).toMatchObject({ polls: 0.05, requests: 0.002, commands: 0.1, workersCpu: 3e-5, ends: 0.01 });
});

it('counts workers for the work, and one more', () => {
  expect(workersFor(run('redis-key'), 10_000)).toBe(2);
  expect(workersFor(run('redis-key'), 1_000_000)).toBe(51);
  expect(mostOfOneProcess(run('redis-key'))).toBeCloseTo(20_000);
});

it('computes what a million tasks cost, with as many polls by jobs as by sweeps', () => {
  const cells = scaleTable(runs).split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  const rowOf = (name: string) => cells.find((row) => row[1] === name && row[2] === '1,000,000')?.slice(4, 9);
  expect(rowOf('sweeps, Redis')).toEqual(['10,000', '50,000', '2,000', '100,000', '–']);
  expect(rowOf('sweeps, PostgreSQL')).toEqual(['10,000', '50,000', '2,000', '–', '200,000']);
  expect(rowOf('a BullMQ job a task')).toEqual(['10,000', '50,000', '4,000', '2,000,000', '–']);
});

it('says which goals are met', () => {
  expect(goals(runs)).toBe('- At most 200 requests: 200, met.\n- At most a quarter of the Redis commands of a job a task: 10 %, met.');
  expect(goals([run('sweeps', { requests: 201, commands: 26_000 }), run('jobs', { commands: 100_000 })])).toMatch(/201, missed.*\n.*26 %, missed/);
});

it('puts all figures on the page', () => {
  const text = page({ date: '2026-01-01', node: '20.0.0', cores: 2, load: 1, runs });
  expect(text).toContain('up to about 20,000 tasks of a provider with lists over Redis');
  expect(text).not.toMatch(/NaN|undefined|Infinity/);
});
