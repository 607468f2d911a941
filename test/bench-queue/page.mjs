/**
 * Tables of the runs, what many tasks cost by their unit costs, and docs/scale.md.
 */
import { digits, grid } from '../bench/report.mjs';

/**
 * @typedef {'sweeps' | 'jobs' | 'no-window' | 'wide-window' | 'postgres' | 'redis-key' | 'postgres-key'} Id
 * @typedef {import('./contest.mjs').Figures & { id: Id, name: string }} Measured
 * @typedef {{ date: string, node: string, cores: number, load: number, runs: readonly Measured[], notes?: readonly string[] }} Measurement
 */

const runOf = (/** @type {readonly Measured[]} */ runs, /** @type {Id} */ id) => {
  const found = runs.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no figures of ${id}`);
  return found;
};

const shown = (/** @type {number} */ value) => (value === 0 ? '–' : digits(value));
const pair = (/** @type {readonly [number, number]} */ [p50, p95]) => `${digits(p50)} / ${digits(p95)}`;

/** One row for each run. */
export const runsTable = (/** @type {readonly Measured[]} */ runs) => grid(
  ['', 'requests', 'polls', 'Redis commands', 'rows written', 'MB written', 'CPU of workers, s', 'of the database, s', 'tasks/s', 'known p50 / p95, s', 'delivered p50 / p95, s', 'lost', 'delivered twice', 'failed sweeps'],
  runs.map((one) => [
    one.name, digits(one.requests), digits(one.polls), shown(one.commands), shown(one.rowsWritten), digits(one.bytesWritten / 1e6), digits(one.workersCpuS), digits(one.databaseCpuS),
    digits(one.tasks / one.wallS), pair(one.knownS), pair(one.deliveredS), digits(one.tasks - one.ends), digits(one.twice), digits(one.failedSweeps),
  ]),
);

/** The goals, and whether they are met. */
export const goals = (/** @type {readonly Measured[]} */ runs) => {
  const [own, jobs] = [runOf(runs, 'sweeps'), runOf(runs, 'jobs')];
  const verdict = (/** @type {boolean} */ isMet) => (isMet ? 'met' : 'missed');
  return [
    `- At most 200 requests: ${digits(own.requests)}, ${verdict(own.requests <= 200)}.`,
    `- At most a quarter of the Redis commands of a job a task: ${digits(100 * own.commands / jobs.commands)} %, ${verdict(own.commands <= jobs.commands / 4)}.`,
  ].join('\n');
};

/** What one watched task costs in a second: the sums of a run, over the time that its tasks were watched. */
export const unitCosts = (/** @type {Measured} */ one) => {
  const per = (/** @type {number} */ sum) => sum / (one.tasks * one.lifeS);
  return {
    polls: per(one.polls), requests: per(one.requests), commands: per(one.commands), rows: per(one.rowsWritten), bytes: per(one.bytesWritten),
    workersCpu: per(one.workersCpuS), databaseCpu: per(one.databaseCpuS), ends: 1 / one.lifeS,
  };
};

/** A process or a Redis that is busier than this has no room for a bad minute. */
const busiest = 0.6;

/** How many worker processes `tasks` need: for their work, and another one in case of a death. */
export const workersFor = (/** @type {Measured} */ one, /** @type {number} */ tasks) => Math.ceil(unitCosts(one).workersCpu * tasks / busiest) + 1;

/** The most tasks for which one process has the time. */
export const mostOfOneProcess = (/** @type {Measured} */ one) => busiest / unitCosts(one).workersCpu;

/** What a run would have taken if it had polled as often as another: what it took grows with its polls. */
const asOften = (/** @type {Measured} */ one, /** @type {Measured} */ other) => {
  const factor = unitCosts(other).polls / unitCosts(one).polls;
  const { polls, requests, commands, rowsWritten, bytesWritten, workersCpuS, databaseCpuS } = one;
  const sums = Object.entries({ polls, requests, commands, rowsWritten, bytesWritten, workersCpuS, databaseCpuS });
  return { ...one, ...Object.fromEntries(sums.map(([field, sum]) => [field, factor * sum])) };
};

const sizes = [10_000, 100_000, 1_000_000];

/** What it costs each second to watch so many tasks, 1,000 of each key. */
export const scaleTable = (/** @type {readonly Measured[]} */ runs) => {
  const plans = [
    ...sizes.map((tasks) => ({ name: 'sweeps, Redis', one: runOf(runs, 'redis-key'), tasks })),
    ...sizes.map((tasks) => ({ name: 'sweeps, PostgreSQL', one: runOf(runs, 'postgres-key'), tasks })),
    { name: 'a BullMQ job a task', one: asOften(runOf(runs, 'jobs'), runOf(runs, 'redis-key')), tasks: 1_000_000 },
  ];
  return grid(
    ['', 'tasks', 'keys', 'ends/s', 'polls/s', 'requests/s', 'Redis commands/s', 'rows/s', 'MB/s written', 'cores of workers', 'cores of the database', 'workers'],
    plans.map(({ name, one, tasks }) => {
      const { ends, polls, requests, commands, rows, bytes, workersCpu, databaseCpu } = unitCosts(one);
      return [
        name, digits(tasks), digits(tasks / 1_000), ...[ends, polls, requests].map((cost) => digits(cost * tasks)), ...[commands, rows].map((cost) => shown(cost * tasks)),
        ...[bytes / 1e6, workersCpu, databaseCpu].map((cost) => digits(cost * tasks)), String(workersFor(one, tasks)),
      ];
    }),
  );
};

const pollsPerS = (/** @type {Measured} */ one) => unitCosts(one).polls * one.tasks;

/** What the window of a sweep costs and saves. */
const windows = (/** @type {readonly Measured[]} */ runs) => {
  const [none, own, wide] = [runOf(runs, 'no-window'), runOf(runs, 'sweeps'), runOf(runs, 'wide-window')];
  const of = (/** @type {Measured} */ one) => `${digits(one.requests)} requests of ${digits(one.polls / one.requests)} tasks on average, known after ${pair(one.knownS)} s`;
  const fewest = Math.ceil(own.polls / own.mostOfList);
  return [
    `- \`windowMs\` 0: ${of(none)}.`,
    `- 1,000, the default for Ark (a tenth of its minimum interval): ${of(own)}.`,
    `- 2,000: ${of(wide)}.`,
    '',
    `A URL has at most 6,000 characters, and thus a list at most ${own.mostOfList} ids of Ark: ${digits(own.polls)} polls need at least ${digits(fewest)} requests, and the default sends ${digits(100 * (own.requests / fewest - 1))} % more. ` +
    `In a second ${digits(pollsPerS(own))} of the ${digits(own.tasks)} tasks are polled, so a window of 1 s holds about one full list. With 1,000 tasks of a key it holds ${digits(pollsPerS(runOf(runs, 'redis-key')))}.`,
  ].join('\n');
};

export const page = (/** @type {Measurement} */ { date, node, cores: machine, load, runs, notes = [] }) => {
  const [redis, postgres, jobs] = [runOf(runs, 'redis-key'), runOf(runs, 'postgres-key'), runOf(runs, 'jobs')];
  const million = unitCosts(redis);
  const perRedis = busiest / million.databaseCpu;
  /** Down to two digits. @param {number} value */
  const rounded = (value) => {
    const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
    return digits(Math.floor(value / unit) * unit);
  };
  return [
    '# Many tasks',
    'What it costs to follow tasks with [`rx-seedance/queue`](recipes/job-queue.md), measured with two workers over a real database, and computed from that for up to a million tasks.',
    `\`npm run bench:queue -- --write\` measures this anew and writes this page; \`node test/bench-queue/scale.mjs\` computes its second table from the figures of the last run. ${date}, Node ${node}, ${machine} cores that other programs used too (load ${digits(load)}).`,
    '## Measured',
    'Ark tasks of one key that are all created at once, a [simulator](simulator.md) in one process, and two workers in others. Clocks run at 10× real time unless the row says otherwise; CPU times and tasks/s are real, delays are simulated. ' +
    'Sweeps are `runSweeps` and `deliverEnds` with their defaults. A BullMQ job a task is [one step](recipes/job-queue.md#one-step-for-any-engine) with compare-and-set rows, 100 jobs at once in each worker. Redis runs with `appendfsync always`. ' +
    'Commands are those of `INFO commandstats` over the whole run, inside scripts too.',
    runsTable(runs),
    ...notes,
    goals(runs),
    [
      '- **known**: from the end of a task until its end is in the database; p50 and p95. **Delivered**: until `deliver` has it, or the job reports it.',
      '- **delivered twice**: `deliverEnds` runs in both workers, as in the recipe, and neither knows what the other delivers. Run it in one process, or tell deliveries apart by their `id`.',
      '- **failed sweeps**: a call of the store took longer than 10 s, which is 1 s at 10×: the disk stalled. The next sweep polls what was left.',
      `- The BullMQ jobs poll less often than they want to (${digits(jobs.polls)} polls instead of about ${digits(runOf(runs, 'sweeps').polls)}): at 10× neither this machine nor its disk keeps up with ${digits(jobs.commands / jobs.polls)} commands for each poll.`,
    ].join('\n'),
    '## The window of a sweep',
    windows(runs),
    '## Computed',
    'Unit costs of a watched task in a second, times the number of tasks. They are those of the runs with 1,000 tasks of one key at 5×; those of a BullMQ job a task are from its run above, for as many polls. ' +
    `Each process is loaded to ${100 * busiest} % at most, and one worker is there in case another one dies.`,
    scaleTable(runs),
    [
      `- **One process is enough** up to about ${rounded(mostOfOneProcess(redis))} tasks of a provider with lists over Redis, ${rounded(mostOfOneProcess(postgres))} over PostgreSQL. Run two for availability.`,
      `- **One Redis is enough** up to about ${rounded(perRedis)} tasks: it runs scripts on one core. A million needs ${Math.ceil(million.databaseCpu * 1e6 / busiest)}, each with some of the accounts: a store, \`runSweeps\` and \`deliverEnds\` for each.`,
      `- **The disk**: a poll writes the state of its task twice, ${digits(redis.bytesWritten / redis.polls / 1_000)} kB in Redis and ${digits(postgres.bytesWritten / postgres.polls / 1_000)} kB of write-ahead log in PostgreSQL.`,
      `- **Deliveries**: a million tasks of this length end ${digits(million.ends * 1e6)} times a second. \`deliverEnds\` reads 100 ends at once and delivers one after another: what \`deliver\` takes is its limit. Each Redis, or each schema of PostgreSQL, has an outbox of its own.`,
      '- **Requests**: of a key with 1,000 tasks they are few because Ark has lists. A provider without lists needs one for each poll, and its rate limit, not the workers, says how many tasks a key can have.',
      '- Computed figures assume that costs grow with the number of tasks. No run here had more than 3,000.',
    ].join('\n'),
  ].join('\n\n');
};
