import type { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisStore } from '../../src/queue/redis-store.js';
import { type Server, startRedis } from './servers.js';
import { account, all, change, describeStore, newTask, taskOf } from './store-contract.js';
import { describeHistories } from './store-histories.js';
import { describeRestarts } from './store-restarts.js';

let server: Server<Redis>;
let clients: readonly [Redis, Redis, Redis];

const begin = async (isCluster: boolean) => {
  server = await startRedis('everysec', isCluster);
  clients = [server.connect(), server.connect(), server.connect()];
};
const end = async () => {
  for (const client of clients) client.disconnect();
  await server.remove();
};
const open = async () => {
  await clients[0].flushall();
  return [redisStore(clients[0]), redisStore(clients[1]), redisStore(clients[2])] as const;
};

describe('a cluster', () => {
  beforeAll(() => begin(true));
  afterAll(end);

  it('refuses scripts whose keys are on several nodes', async () => {
    await expect(clients[0].eval('return 1', 2, 'a', 'b')).rejects.toThrow('CROSSSLOT');
  });

  describeStore('redisStore', open);
});

describe('one server', () => {
  beforeAll(() => begin(false));
  afterAll(end);

  describeStore('redisStore', open);
  describeHistories('redisStore', open);

  /** The commands that Redis has run for a call, its script included. */
  const commandsOf = async (call: () => Promise<unknown>): Promise<string> => {
    await clients[0].config('RESETSTAT');
    await call();
    const stats = await clients[0].info('commandstats');
    const counts = [...stats.matchAll(/cmdstat_([^:]+):calls=(\d+)/g)].filter(([, command]) => !/^(config|info)/.test(command ?? ''));
    return counts.map(([, command, calls]) => (calls === '1' ? command : `${command} × ${calls}`)).sort().join(', ');
  };
  const ids = Array.from({ length: 100 }, (_, index) => `cgt-${index}`);

  it('runs few commands, however many tasks a call has', async () => {
    const [store] = await open();
    let ends: readonly string[] = [];
    const calls: readonly (readonly [name: string, call: () => Promise<unknown>])[] = [
      ['add 100', () => store.add(account, ids.map((id) => newTask(id)))],
      ['add the same again', () => store.add(account, ids.map((id) => newTask(id)))],
      ['due', () => store.due(account, all, 100)],
      ['swap 100', () => store.swap(account, ids.map((id) => change(id, 0, 1)))],
      ['swap 100, of them 50 ends', () => store.swap(account, ids.map((id, index) => change(id, 1, index % 2 === 0 ? null : 1)))],
      ['wake', () => store.wake(account, taskOf('cgt-1'), 0)],
      ['lane', () => store.lane(account)],
      ['swapLane', () => store.swapLane(account, null, '{}')],
      ['ended', async () => { ends = (await store.ended(100)).map(({ id }) => id); }],
      ['acknowledge 50', (): Promise<unknown> => store.acknowledge(ends)],
    ];
    const table: Record<string, string> = {};
    for (const [name, call] of calls) table[name] = await commandsOf(call);
    expect(table).toEqual({
      'add 100': 'eval, hmget, hset, zadd',
      'add the same again': 'eval, hmget',
      due: 'eval, hmget, zrange',
      'swap 100': 'eval, hmget, hset, zadd, zmscore',
      'swap 100, of them 50 ends': 'eval, hmget, hset, incrby, zadd × 2, zmscore, zrem',
      wake: 'eval, zadd',
      lane: 'eval, get',
      swapLane: 'eval, get, set',
      ended: 'eval, hmget, zrange',
      'acknowledge 50': 'eval, hdel, zmscore, zrem',
    });
  });

  it('leaves nothing behind but the count of ends and the lanes', async () => {
    const [store] = await open();
    await store.add(account, [newTask('a')]);
    await store.swapLane(account, null, '{}');
    await store.swap(account, [change('a', 0, null)]);
    await store.acknowledge((await store.ended(1)).map(({ id }) => id));
    expect((await clients[0].keys('*')).sort()).toEqual(['{rx-seedance}:ends:count', '{rx-seedance}:lane:ark']);
  });

  it('keeps its tasks apart from those of another prefix', async () => {
    const [store] = await open();
    const other = redisStore(clients[1], { prefix: 'tests' });
    await store.add(account, [newTask('a')]);
    expect(await other.due(account, all, all)).toEqual([]);
    await other.add(account, [newTask('b')]);
    expect((await store.due(account, all, all)).map(({ task }) => task.id)).toEqual(['a']);
  });

  it.each(['', '{', 'a}', null])('refuses the prefix %j', (prefix) => {
    expect(() => redisStore(clients[0], { prefix: prefix as string })).toThrow(TypeError);
  });
});

// Only the process ends: what it has written to the file is in the hands of the system, `everysec` or not.
for (const fsync of ['always', 'everysec'] as const) {
  describeRestarts(`redisStore, appendfsync ${fsync}`, () => startRedis(fsync), redisStore, (client) => client.disconnect(), ['SIGTERM', 'SIGKILL']);
}
