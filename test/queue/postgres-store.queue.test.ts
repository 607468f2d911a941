import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { postgresSchema, postgresStore } from '../../src/queue/postgres-store.js';
import { taskKey } from '../../src/task/snapshot.js';
import { type Server, startPostgres } from './servers.js';
import { account, all, change, describeStore, newTask, taskOf } from './store-contract.js';
import { describeHistories } from './store-histories.js';
import { describeRestarts } from './store-restarts.js';

let server: Server<Pool>;
let pool: Pool;

beforeAll(async () => {
  server = await startPostgres();
  pool = server.connect();
  await pool.query(postgresSchema());
});
afterAll(async () => {
  await pool.end();
  await server.remove();
});

const open = async () => {
  await pool.query('DELETE FROM rx_seedance.tasks; DELETE FROM rx_seedance.lanes');
  return [postgresStore(pool), postgresStore(pool), postgresStore(pool)] as const;
};

describeStore('postgresStore', open);
describeHistories('postgresStore', open);

describe('postgresSchema', () => {
  it('can run again and at once, and keeps what is there', async () => {
    const [store] = await open();
    await store.add(account, [newTask('a')]);
    await Promise.all(Array.from({ length: 8 }, () => pool.query(postgresSchema())));
    expect(await store.due(account, all, all)).toHaveLength(1);
    const schema = 'Seed"ance\'s';
    await Promise.all(Array.from({ length: 8 }, () => pool.query(postgresSchema({ schema }))));
    const other = postgresStore(pool, { schema });
    await other.add(account, [newTask('b')]);
    expect(await other.swap(account, [change('b', 0, null)])).toEqual([true]);
    expect(await other.ended(all)).toHaveLength(1);
    expect(await store.ended(all)).toEqual([]);
  });

  it.each(['', null])('refuses the schema %j', (schema) => {
    expect(() => postgresSchema({ schema: schema as string })).toThrow(TypeError);
    expect(() => postgresStore(pool, { schema: schema as string })).toThrow(TypeError);
  });

  it('has an index for each function', async () => {
    await open();
    const client = await pool.connect();
    await client.query('SET enable_seqscan = off');
    const plans: string[] = [];
    const store = postgresStore({
      query: async (text, values) => {
        const { rows } = await client.query<{ readonly 'QUERY PLAN': string }>(`EXPLAIN ${text}`, values);
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
        return { rows: [], rowCount: 0 };
      },
    });
    await store.due(account, all, 10);
    await store.ended(10);
    await store.swap(account, [change('a', 0, 1)]);
    await store.wake(account, taskOf('a'), 0);
    await store.lane(account);
    await store.swapLane(account, '[1]', '[2]');
    await store.acknowledge([`${taskKey(taskOf('a'))}#1`]);
    client.release(true);
    expect(plans).toHaveLength(7);
    for (const plan of plans) expect(plan).not.toContain('Seq Scan');
    // The indexes have the order, too.
    expect(plans[0]).toMatch(/^Limit.*\n.*Index Scan using tasks_due on tasks/);
    expect(plans[1]).toMatch(/^Limit.*\n.*Index Scan using tasks_ended on tasks/);
  });
});

const start = async () => {
  const own = await startPostgres();
  const client = own.connect();
  await client.query(postgresSchema());
  await client.end();
  return own;
};
// SIGINT is the fast shutdown that service managers send. After SIGTERM the server would wait until all clients have gone.
describeRestarts('postgresStore', start, postgresStore, (client) => client.end(), ['SIGINT', 'SIGKILL']);
