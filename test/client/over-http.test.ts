import { firstValueFrom, from, lastValueFrom, skipWhile, take, tap, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { ofStatus, toFeed, watchTasks } from '../../src/index.js';
import { adapters, providers, setUp, stopSimulators } from '../support/over-http.js';

afterEach(stopSimulators);

describe.each(adapters)('a client over real HTTP, through %s', (_, transport) => {
  it('follows tasks of every provider to the right end, with faults in three of ten responses', async () => {
    const { simulator, client } = await setUp(transport(), { seed: 7, faults: { rate: 0.3 } });
    const ends = { succeeds: 'succeeded', fails: 'failed', moderated: 'failed' } as const;
    const tasks = providers.flatMap(({ id }) =>
      (['succeeds', 'fails', 'moderated', 'succeeds'] as const).map((outcome) => ({ outcome, task: simulator.submit(id, { outcome }) })),
    );
    const feed = await lastValueFrom(from(tasks.map(({ task }) => task)).pipe(watchTasks(client), toFeed()));
    for (const { outcome, task } of tasks) {
      const row = feed.tasks.get(task);
      expect(`${task.provider} ${outcome}: ${String(row?.error?.message ?? row?.status)}`).toBe(`${task.provider} ${outcome}: ${ends[outcome]}`);
      if (row?.snapshot?.status === 'succeeded') expect(row.snapshot.video?.url).toMatch(/^http:\/\/127\.0\.0\.1/);
    }
    expect(simulator.requests.some(({ fault }) => fault !== null)).toBe(true);
  });

  it('continues after the server was unavailable for a while', async () => {
    const { simulator, client } = await setUp(transport());
    const task = simulator.submit('ark');
    const reached = client.watch(task).pipe(ofStatus('succeeded'), toArray());
    const errors = client.states(task).pipe(skipWhile(({ lastError }) => lastError?.kind !== 'transport'), take(1), tap(() => void simulator.restart()));
    const restarted = firstValueFrom(errors);
    const ended = lastValueFrom(reached);
    await simulator.stop();
    expect((await restarted).lastError?.kind).toBe('transport');
    expect(await ended).toHaveLength(1);
  });

  it('leaves no request open when it is unsubscribed', async () => {
    const { simulator, client } = await setUp(transport());
    const task = simulator.submit('yescale');
    simulator.fault(task, 'hang', 5);
    const states = client.states(task).pipe(take(1));
    expect((await firstValueFrom(states)).lastError?.kind).toBe('timeout');
    const asked = simulator.polls(task);
    await simulator.restart();
    expect(simulator.polls(task)).toBe(asked);
  });
});
