/**
 * What a store keeps when its server ends in the middle of work: every write that it has acknowledged.
 */
import { describe, expect, it } from 'vitest';
import type { QueueStore } from '../../src/queue/store.js';
import type { Server } from './servers.js';
import { account, all, change, markOf, newTask } from './store-contract.js';

/** How far a task has come: not added, its revision, or its end. */
type Progress = 'added' | number | 'ended';

/** The progress of tasks in order; each ends after its third revision. */
const path: readonly Progress[] = ['added', 1, 2, 3, 'ended'];

/** Works through tasks one after another until a call fails. `progress` has what was acknowledged. Returns why the call failed. */
const work = async (store: QueueStore, worker: number, progress: Map<string, number>, acknowledged: () => void): Promise<unknown> => {
  for (let index = 0; ; index += 1) {
    const id = `cgt-${worker}-${index}`;
    for (const [place, step] of path.entries()) {
      try {
        if (step === 'added') await store.add(account, [newTask(id)]);
        else expect(await store.swap(account, [change(id, place - 1, step === 'ended' ? null : 0, String(step))])).toEqual([true]);
      } catch (error) {
        return error;
      }
      progress.set(id, place);
      acknowledged();
    }
  }
};

/**
 * Registers the test for one kind of store.
 *
 * @param start   starts a server with an empty database
 * @param storeOf makes a store of a client
 * @param close   closes a client, whether its server runs or not
 * @param signals the signals that end the server in turn
 */
export const describeRestarts = <Client>(
  name: string,
  start: () => Promise<Server<Client>>,
  storeOf: (client: Client) => QueueStore,
  close: (client: Client) => Promise<void> | void,
  signals: readonly NodeJS.Signals[],
): void => {
  describe(`${name}: a server that ends in the middle of work`, () => {
    it.each(signals)('by %s has every write that it acknowledged when it runs again', async (signal) => {
      const server = await start();
      try {
        const clients = [server.connect(), server.connect(), server.connect()];
        const progress = new Map<string, number>();
        let count = 0;
        const ending: Promise<void>[] = [];
        const acknowledged = () => {
          if ((count += 1) === 500) ending.push(server.end(signal));
        };
        const failures = await Promise.all(clients.map((client, worker) => work(storeOf(client), worker, progress, acknowledged)));
        expect(failures.map(String)).toEqual(clients.map(() => expect.stringMatching(/[Cc]onnection|ECONN|EPIPE|ENOENT|retries|shutting down/) as string));
        expect(count).toBeGreaterThanOrEqual(500);
        for (const client of clients) await close(client);
        await Promise.all(ending);
        await server.start();

        const client = server.connect();
        const store = storeOf(client);
        const ends = (await store.ended(all)).map(({ task }) => task.id);
        const stored = new Map([
          ...(await store.due(account, all, all)).map((task) => {
            expect(markOf(task)).toBe(task.revision === 0 ? 'new' : String(task.revision));
            return [task.task.id, task.revision] as const;
          }),
          ...ends.map((id) => [id, path.length - 1] as const),
        ]);
        await close(client);
        expect(new Set(ends)).toHaveLength(ends.length);
        // The write whose acknowledgement was lost may be there too.
        for (const [id, place] of progress) expect([place, place + 1]).toContain(stored.get(id));
      } finally {
        await server.remove();
      }
    });
  });
};
