/**
 * A store in Redis 6.2 or later, or in Valkey. Each function is one script, which Redis runs without interruption.
 *
 * Keys: `tasks` is a hash of all tasks, by their keys: the revision and the state, or `end` and the last state. `due:ACCOUNT` is a sorted set of
 * the watched tasks of an account by due time, `ends` one of the tasks in the outbox by their place, `ends:count` the number of all ends so far,
 * and `lane:ACCOUNT` the lane of an account. All begin with the prefix in braces, so that a cluster keeps them on one node.
 */
import { taskKey } from '../task/snapshot.js';
import { endId, endsIn, escaped, firstByTask, outcomes, stateOf, taskOf } from './rows.js';
import type { QueueStore } from './store.js';

/** A Redis client, as far as the store uses it. That of `ioredis` is one. */
export interface RedisClient {
  readonly eval: (script: string, numberOfKeys: number, ...keysAndArguments: string[]) => Promise<unknown>;
}

/** Options of `redisStore`. */
export interface RedisStoreOptions {
  /** All keys begin with it, in braces. Default: `rx-seedance`. */
  readonly prefix?: string | undefined;
}

/**
 * Creates a store in Redis. Run Redis with `appendonly yes` and without eviction (`maxmemory-policy noeviction`). With `appendfsync always` no
 * write is lost that a function has reported. With `everysec`, the default, a crash of the machine can lose those of about the last second: then
 * a task can be polled sooner than its minimum interval, and its end can come again.
 *
 * Throws `TypeError` unless the prefix is a non-empty string without braces.
 * @example const store = redisStore(new Redis(process.env.REDIS_URL))
 */
export const redisStore = (client: RedisClient, { prefix = 'rx-seedance' }: RedisStoreOptions = {}): QueueStore => {
  if (typeof prefix !== 'string' || !/^[^{}]+$/.test(prefix)) {
    throw new TypeError(`redisStore: prefix must be a non-empty string without braces, not ${String(prefix)}`);
  }
  const at = (name: string): string => `{${prefix}}:${name}`;
  const [tasksKey, endsKey] = [at('tasks'), at('ends')];
  const dueKey = (account: string): string => at(`due:${escaped(account)}`);
  const laneKey = (account: string): string => at(`lane:${escaped(account)}`);
  const run = (script: string, keys: readonly string[], ...values: readonly (string | number)[]): Promise<unknown> =>
    client.eval(script, keys.length, ...keys, ...values.map(String));
  return {
    add: async (account, tasks) => {
      const values = [...firstByTask(tasks)].flatMap(([key, { state, dueAtMs }]) => [key, `0 ${JSON.stringify(state)}`, dueAtMs]);
      if (values.length > 0) await run(add, [tasksKey, dueKey(account)], ...values);
    },
    due: async (account, untilMs, limit) => {
      const [keys, rows] = await run(first, [dueKey(account), tasksKey], untilMs, limit) as Found; // what the script returns
      return rows.map((row, index) => {
        const space = row.indexOf(' ');
        return {
          task: taskOf(keys[2 * index] ?? ''),
          revision: Number(row.slice(0, space)),
          dueAtMs: Number(keys[2 * index + 1]),
          state: stateOf(row.slice(space + 1)),
        };
      });
    },
    swap: async (account, changes) => {
      const entries = [...firstByTask(changes)];
      if (entries.length === 0) return [];
      const values = entries.flatMap(([key, { revision, state, dueAtMs, markedDueAtMs }]) =>
        [key, `${revision} `, `${dueAtMs === null ? 'end' : revision + 1} ${JSON.stringify(state)}`, dueAtMs ?? '', markedDueAtMs ?? '']);
      const written = await run(swap, [tasksKey, dueKey(account), endsKey, at('ends:count')], ...values) as readonly number[]; // what the script returns
      return outcomes(changes, written.map((place) => entries[place - 1]?.[0] ?? ''));
    },
    wake: async (account, task, atMs) => {
      await run(`redis.call('ZADD', KEYS[1], 'XX', 'LT', ARGV[1], ARGV[2])`, [dueKey(account)], atMs, taskKey(task));
    },
    lane: async (account) => await run(`return redis.call('GET', KEYS[1])`, [laneKey(account)]) as string | null, // what GET returns
    swapLane: async (account, before, after) => await run(swapLane, [laneKey(account)], after, ...(before === null ? [] : [before])) === 1,
    ended: async (limit) => {
      const [keys, rows] = await run(first, [endsKey, tasksKey], '+inf', limit) as Found; // what the script returns
      return rows.map((row, index) => {
        const key = keys[2 * index] ?? '';
        return { id: endId(key, keys[2 * index + 1] ?? ''), task: taskOf(key), state: stateOf(row.slice('end '.length)) };
      });
    },
    acknowledge: async (ids) => {
      const values = endsIn(ids).flat();
      if (values.length > 0) await run(acknowledge, [endsKey, tasksKey], ...values);
    },
  };
};

/** Tasks with their scores in turn, and their entries in the hash. */
type Found = readonly [keysAndScores: readonly string[], rows: readonly string[]];

/** Lua passes at most 8,000 values to a function: `write` and `read` call a command as often as they must. */
const helpers = `
local function write(command, key, values)
  for i = 1, #values, 4000 do redis.call(command, key, unpack(values, i, math.min(i + 3999, #values))) end
end
local function read(command, key, values)
  local all = {}
  for i = 1, #values, 4000 do
    for _, value in ipairs(redis.call(command, key, unpack(values, i, math.min(i + 3999, #values)))) do all[#all + 1] = value end
  end
  return all
end
local function push(list, ...)
  for _, value in ipairs({...}) do list[#list + 1] = value end
end
-- Every so manieth argument.
local function every(step)
  local values = {}
  for i = 1, #ARGV, step do values[#values + 1] = ARGV[i] end
  return values
end
`;

/** Arguments: task, row and due time in turn. */
const add = `${helpers}
local tasks, rows, due = every(3), {}, {}
local held = read('HMGET', KEYS[1], tasks)
for i, task in ipairs(tasks) do
  if not held[i] then
    push(rows, task, ARGV[3 * i - 1])
    push(due, ARGV[3 * i], task)
  end
end
write('HSET', KEYS[1], rows)
write('ZADD', KEYS[2], due)`;

/** The first tasks of a sorted set. Arguments: the highest score, and how many at most. */
const first = `${helpers}
local found = redis.call('ZRANGE', KEYS[1], '-inf', ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2], 'WITHSCORES')
local tasks = {}
for i = 1, #found, 2 do push(tasks, found[i]) end
return { found, read('HMGET', KEYS[2], tasks) }`;

/**
 * Arguments: task, how its row begins, its new row, its due time or nothing, and the due time before its poll or nothing, in turn. Returns the
 * places of those that were written.
 */
const swap = `${helpers}
local tasks, rows, due, ended, written = every(5), {}, {}, {}, {}
local held, heldDue = read('HMGET', KEYS[1], tasks), read('ZMSCORE', KEYS[2], tasks)
for i, task in ipairs(tasks) do
  local before, after, dueAt, markedDueAt = ARGV[5 * i - 3], ARGV[5 * i - 2], ARGV[5 * i - 1], ARGV[5 * i]
  if held[i] and string.sub(held[i], 1, #before) == before then
    push(written, i)
    push(rows, task, after)
    local wasWoken = markedDueAt ~= '' and tonumber(heldDue[i]) < tonumber(markedDueAt)
    if dueAt == '' then push(ended, task)
    elseif wasWoken and tonumber(heldDue[i]) < tonumber(dueAt) then push(due, heldDue[i], task)
    else push(due, dueAt, task) end
  end
end
write('HSET', KEYS[1], rows)
write('ZADD', KEYS[2], due)
if #ended > 0 then
  local ends, count = {}, redis.call('INCRBY', KEYS[4], #ended) - #ended
  for i, task in ipairs(ended) do push(ends, count + i, task) end
  write('ZREM', KEYS[2], ended)
  write('ZADD', KEYS[3], ends)
end
return written`;

/** Arguments: the new lane, and the old one if there is one. */
const swapLane = `
if redis.call('GET', KEYS[1]) ~= (ARGV[2] or false) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1`;

/** Arguments: task and place in turn. */
const acknowledge = `${helpers}
local tasks, gone = every(2), {}
for i, place in ipairs(read('ZMSCORE', KEYS[1], tasks)) do
  if place == ARGV[2 * i] then push(gone, tasks[i]) end
end
write('ZREM', KEYS[1], gone)
write('HDEL', KEYS[2], gone)`;
