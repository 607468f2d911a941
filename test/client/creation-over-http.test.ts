import { firstValueFrom, from, lastValueFrom, map, mergeMap, repeat, retry, toArray } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { cancelTask, createTask, type CreateOutcome, listTasks } from '../../src/index.js';
import { adapters, providers, setUp, stopSimulators } from '../support/over-http.js';

afterEach(stopSimulators);

/** The documented body of each provider, with a text that identifies it. */
const bodyOf = (provider: string, marker: string): string =>
  JSON.stringify(provider === 'kyyaipower' || provider === 'xingchao'
    ? { model: 'seedance_1_5_pro_720p', prompt: marker }
    : { model: 'doubao-seedance-1-5-pro', content: [{ type: 'text', text: marker }], safety_identifier: marker });

const markerOf = (request: unknown): string => /boat-[a-z]+-\d+/.exec(JSON.stringify(request))?.[0] ?? '';

describe.each(adapters)('creations over real HTTP, through %s', { timeout: 30_000 }, (_, transport) => {
  it('are taken by every provider, and their tasks end', async () => {
    const { client, accounts, simulator } = await setUp(transport());
    const ends = from(accounts).pipe(
      mergeMap((own) => createTask(client, own, bodyOf(own.provider.id, `boat-${own.provider.id}-1`), { key: own.provider.id })),
      mergeMap((outcome) => (outcome.outcome === 'created' ? client.watch(outcome.task, { expected: outcome.expected }) : [])),
      map(({ task, to }) => `${task.provider} ${to}`),
      toArray(),
    );
    const lines = await lastValueFrom(ends);
    for (const { id } of providers) expect(lines).toContain(`${id} succeeded`);
    expect(simulator.tasks()).toHaveLength(providers.length);
  });

  it('buy one task for a key at most, and tell what became of it, with faults in a third of all responses', async () => {
    const { client, accounts, simulator } = await setUp(transport(), { seed: 11, faults: { rate: 0.3 }, creationFaults: { rate: 0.35 } });
    const wanted = accounts.flatMap((own) => [1, 2, 3, 4, 5].map((number) => ({ own, marker: `boat-${own.provider.id}-${number}` })));
    const outcomes = await lastValueFrom(from(wanted).pipe(
      mergeMap(({ own, marker }) => createTask(client, own, bodyOf(own.provider.id, marker), { key: marker, isMarked: own.provider.list !== null }).pipe(retry(5), repeat(3))),
      toArray(),
    ));
    const bought = simulator.tasks().map(({ request, id }) => ({ marker: markerOf(request), id }));
    expect(new Set(bought.map(({ marker }) => marker)).size).toBe(bought.length);
    const idOf = new Map(bought.map(({ marker, id }) => [marker, id]));
    const last = new Map<string, CreateOutcome>(outcomes.map((outcome) => [outcome.key, outcome]));
    for (const { own, marker } of wanted) {
      const outcome = last.get(marker);
      if (outcome?.outcome === 'created') expect(outcome.task.id).toBe(idOf.get(marker));
      // What was bought is created, or unknown where no list echoes the marker.
      if (idOf.has(marker)) expect(outcome?.outcome).toBe(outcome?.outcome === 'unknown' && own.provider.list === null ? 'unknown' : 'created');
      if (outcome?.outcome === 'rejected') expect(idOf.has(marker)).toBe(false);
    }
    expect(outcomes.some(({ outcome }) => outcome === 'unknown')).toBe(true);
    expect(outcomes.some(({ outcome }) => outcome === 'rejected')).toBe(true);
  });

  it('can be cancelled while they are queued, and listed', async () => {
    const { client, accounts, simulator } = await setUp(transport());
    const own = accounts[0];
    const [waiting, busy] = [simulator.submit('ark', { queueMs: 600_000 }), simulator.submit('ark', { queueMs: 0, runMs: 600_000 })];
    expect(await firstValueFrom(cancelTask(client, waiting))).toMatchObject({ outcome: 'cancelled' });
    expect(await firstValueFrom(cancelTask(client, waiting))).toMatchObject({ outcome: 'already-ended', snapshot: { status: 'cancelled' } });
    expect(await firstValueFrom(cancelTask(client, busy))).toMatchObject({ outcome: 'running' });
    const listed = await lastValueFrom(listTasks(client, own as never).pipe(map(({ task, status }) => `${task.id} ${status}`), toArray()));
    expect(listed.sort()).toEqual([`${waiting.id} cancelled`, `${busy.id} running`].sort());
  });
});
