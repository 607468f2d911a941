import { of } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import { run, variablesFor } from './console.js';

let simulator: Simulator;
let env: Readonly<Record<string, string>>;

beforeEach(async () => {
  simulator = await startSimulator({ speed: 100 });
  env = variablesFor(simulator);
});
afterEach(() => simulator.stop());

const hourMs = 3_600_000;
const queued = (): string => `ark:${simulator.submit('ark', { queueMs: hourMs }).id}`;
const running = (): string => `ark:${simulator.submit('ark', { queueMs: 0, runMs: hourMs }).id}`;
const succeeded = (): string => `ark:${simulator.submit('ark', { queueMs: 0, runMs: 0 }).id}`;

const deletions = (): number => simulator.requests.filter(({ method }) => method === 'DELETE').length;

describe('cancel', () => {
  it('cancels a queued task, and exits with 0, also when it was cancelled before', async () => {
    const task = queued();
    expect(await run(['cancel', task], { env })).toEqual({ code: 0, out: `${task}\tcancelled\n`, err: '' });
    expect(await run(['cancel', task], { env })).toEqual({ code: 0, out: `${task}\talready-ended\tcancelled\n`, err: '' });
    expect(deletions()).toBe(1);
  });

  it('prints the outcome of each task, and exits with 1 when some are not cancelled', async () => {
    const [waits, runs, ended, other] = [queued(), running(), succeeded(), `anyfast:${simulator.submit('anyfast', { queueMs: hourMs }).id}`];
    const { code, out, err } = await run(['cancel', runs, waits, 'ark:cgt-nobody', ended, other], { env });
    expect([code, err]).toEqual([1, '']);
    const lines = out.trim().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines).toEqual(
      expect.arrayContaining([
        `${waits}\tcancelled`,
        `${runs}\trunning\tonly a queued task can be cancelled`,
        `${ended}\talready-ended\tsucceeded`,
        `${other}\tunsupported\tanyfast documents no way to cancel`,
        expect.stringMatching(/^ark:cgt-nobody\terrored\tits state is unknown: ./) as string,
      ]),
    );
    expect(deletions()).toBe(1);
  });

  it('prints the outcomes as JSON, with the snapshots and without keys and stacks', async () => {
    const task = queued();
    const { code, out } = await run(['cancel', task, 'ark:cgt-nobody', '--json'], { env });
    expect(code).toBe(1);
    const outcomes = out.trim().split('\n').map((line) => JSON.parse(line) as { readonly outcome: string });
    expect(outcomes.find(({ outcome }) => outcome === 'cancelled')).toMatchObject({ task: { provider: 'ark', id: task.slice(4) }, snapshot: { status: 'cancelled' } });
    expect(outcomes.find(({ outcome }) => outcome === 'errored')).toEqual({
      ...{ task: { provider: 'ark', id: 'cgt-nobody' }, outcome: 'errored' },
      error: { name: 'SeedanceError', kind: 'response', reason: 'not-found', status: 404, message: expect.stringContaining('ark/cgt-nobody: its state is unknown') as string },
    });
  });

  it('ends on a signal', async () => {
    const task = queued();
    simulator.fault('ark', 'hang');
    expect(await run(['cancel', task], { env, signals: of('SIGINT') })).toEqual({ code: 130, out: '', err: '' });
  });
});
