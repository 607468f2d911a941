/**
 * One run: a database, the simulator in one process, two workers in others, and what became of the tasks.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { ark } from 'rx-seedance/providers/ark';
import { postgresSchema } from 'rx-seedance/queue/postgres';
import { runnerImport } from 'vite';
import { mean, quantile } from '../bench/statistics.mjs';

/**
 * @typedef {object} Figures of one run; times are simulated unless they are CPU times
 * @property {number} tasks
 * @property {number} ends          tasks whose end was delivered, with the status that the simulator has
 * @property {number} twice         tasks whose end was delivered more than once
 * @property {number} requests
 * @property {number} longestUrl    in characters
 * @property {number} mostOfList    as many ids go into a URL of 6,000 characters
 * @property {number} polls         a task in a list counts as one
 * @property {number} sweeps        of both workers
 * @property {number} failedSweeps such as by a disk that stalls for a second, which is ten at 10×
 * @property {number} commands      of Redis, those inside scripts too; 0 for PostgreSQL
 * @property {number} rowsWritten   of PostgreSQL; 0 for Redis
 * @property {number} workersCpuS   CPU time of both workers
 * @property {number} databaseCpuS  CPU time of Redis, or of all processes of PostgreSQL
 * @property {number} bytesWritten  to the append-only file or the write-ahead log
 * @property {number} lifeS         the mean time from creation to the known end
 * @property {number} wallS         real time from creation to the last delivery
 * @property {readonly [p50: number, p95: number]} knownS     from the end of a task until the database has it
 * @property {readonly [p50: number, p95: number]} deliveredS from the end of a task to its delivery
 */

/** @type {{ module: typeof import('../queue/servers.js') }} */
const { module: { startPostgres, startRedis } } = await runnerImport(fileURLToPath(new URL('../queue/servers.ts', import.meta.url)));

/** CPU time of a process and its children, those that have ended too. Linux shows it, in hundredths of a second. */
const cpuS = (/** @type {number} */ pid) => {
  const fieldsOf = (/** @type {string} */ id) => {
    try {
      return readFileSync(`/proc/${id}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ').map(Number);
    } catch {
      return []; // it has ended meanwhile
    }
  };
  const times = readdirSync('/proc').filter((id) => /^\d+$/.test(id)).map((id) => {
    const [, parent, ...fields] = fieldsOf(id);
    if (Number(id) !== pid && parent !== pid) return 0;
    return fields.slice(9, Number(id) === pid ? 13 : 11).reduce((sum, ticks) => sum + ticks, 0);
  });
  return times.reduce((sum, ticks) => sum + ticks, 0) / 100;
};

/** The databases, and what each says that it has done. */
const engines = {
  redis: async () => {
    const server = await startRedis('always');
    const client = server.connect();
    const numbers = async (/** @type {string} */ section, /** @type {RegExp} */ pattern) =>
      [...(await client.info(section)).matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
    const figures = async () => ({
      commands: await numbers('commandstats', /calls=(\d+)/g),
      rowsWritten: 0,
      databaseCpuS: await numbers('cpu', /used_cpu_(?:user|sys):([\d.]+)/g),
      bytesWritten: await numbers('persistence', /aof_current_size:(\d+)/g),
    });
    return { server, figures, close: () => { client.disconnect(); } };
  },
  postgres: async () => {
    const server = await startPostgres();
    const pool = server.connect();
    await pool.query(postgresSchema());
    const { rows: [{ lsn, folder }] } = await pool.query(`SELECT pg_current_wal_lsn() AS lsn, current_setting('data_directory') AS folder`);
    const postmaster = Number.parseInt(readFileSync(`${folder}/postmaster.pid`, 'utf8'));
    const figures = async () => {
      const { rows: [found] } = await pool.query(
        `SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)::float8 AS rows, pg_wal_lsn_diff(pg_current_wal_lsn(), $1)::float8 AS bytes
         FROM pg_stat_user_tables`, [lsn]);
      return { commands: 0, rowsWritten: found.rows, databaseCpuS: cpuS(postmaster), bytesWritten: found.bytes };
    };
    return { server, figures, close: () => pool.end() };
  },
};

const path = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url));

/** How many tasks a list of the library polls at most. */
const mostOfList = (/** @type {string} */ baseUrl, /** @type {readonly string[]} */ ids) => {
  const lengthOf = (/** @type {number} */ count) => `${baseUrl}${ark.list?.pathOf(ids.slice(0, count), null)}`.length;
  return Math.floor((6_000 - lengthOf(0)) / (lengthOf(1) - lengthOf(0)));
};

/** Whatever has no end by then, in simulated time, is lost. */
const longestMs = 1_200_000;

/**
 * @param {{ file: string, engine: 'redis' | 'postgres', tasks: number, speed: number, seed: number, windowMs?: number }} options
 * @returns {Promise<Figures>}
 */
export const run = async ({ file, engine, tasks, speed, seed, windowMs }) => {
  const { server, figures, close } = await engines[engine]();
  const simulator = fork(path('simulator.mjs'), [JSON.stringify({ seed, speed, tasks })], { stdio: 'inherit' });
  /** @type {import('node:child_process').ChildProcess[]} */
  const workers = [];
  try {
    const [account] = await once(simulator, 'message');
    for (let index = 0; index < 2; index += 1) {
      const worker = fork(path(file), [JSON.stringify({ ...account, engine, address: server.address, speed, windowMs })], { stdio: 'inherit' });
      workers.push(worker);
      await once(worker, 'message');
    }
    simulator.send('submit');
    /** @type {[{ task: import('./reporting.mjs').Task, status: string, startMs: number, endMs: number }[]]} */
    const [submitted] = /** @type {any} */ (await once(simulator, 'message'));
    const startedMs = performance.now();
    /** @type {Map<string, number>} */
    const knownAtMs = new Map();
    /** @type {Map<string, { status: string, atMs: number }>} */
    const delivered = new Map();
    const twice = new Set();
    const allDelivered = new Promise((resolve, reject) => {
      const giveUp = setTimeout(resolve, longestMs / speed);
      for (const worker of workers) {
        worker.on('message', (/** @type {any} */ { kind, id, status, atMs }) => {
          if (kind === 'known') knownAtMs.set(id, atMs);
          if (kind !== 'delivered') return;
          if (delivered.has(id)) twice.add(id);
          else delivered.set(id, { status, atMs });
          if (delivered.size === tasks) { clearTimeout(giveUp); resolve(null); }
        });
        worker.once('exit', (code) => reject(new Error(`${file} ended with exit code ${code}`)));
      }
    });
    workers[0]?.send(submitted.map(({ task }) => task));
    await allDelivered;
    const wallS = (performance.now() - startedMs) / 1000;
    const ofDatabase = await figures();
    const reports = await Promise.all(workers.map(async (worker) => {
      worker.send('report');
      for (;;) {
        const [report] = await once(worker, 'message');
        if (report.kind === 'took') return report;
      }
    }));
    simulator.send('requests');
    const [requests] = await once(simulator, 'message');
    const total = (/** @type {'polls' | 'sweeps' | 'failedSweeps' | 'cpuMs'} */ field) => reports.reduce((sum, report) => sum + report[field], 0);
    const ended = submitted.filter(({ task, status }) => delivered.get(task.id)?.status === status);
    const delays = (/** @type {(id: string) => number | undefined} */ atMs) => {
      const delaysS = ended.map(({ task, endMs }) => ((atMs(task.id) ?? NaN) - endMs) / 1000);
      return /** @type {const} */ ([quantile(delaysS, 0.5), quantile(delaysS, 0.95)]);
    };
    return {
      tasks, ends: ended.length, twice: twice.size,
      requests: requests.length, longestUrl: Math.max(...requests), mostOfList: mostOfList(account.baseUrl, submitted.map(({ task }) => task.id)),
      polls: total('polls'), sweeps: total('sweeps'), failedSweeps: total('failedSweeps'),
      ...ofDatabase,
      workersCpuS: total('cpuMs') / 1000,
      lifeS: mean(ended.map(({ task, startMs }) => ((knownAtMs.get(task.id) ?? NaN) - startMs) / 1000)),
      wallS, knownS: delays((id) => knownAtMs.get(id)), deliveredS: delays((id) => delivered.get(id)?.atMs),
    };
  } finally {
    for (const worker of workers) { worker.removeAllListeners('exit'); worker.kill('SIGKILL'); }
    simulator.disconnect();
    await close();
    await server.remove();
  }
};
