/**
 * A store in PostgreSQL 12 or later. Each function is one statement, so that any pool will do. Statements lock rows in the order of their keys:
 * two of them never wait for each other.
 */
import { taskKey } from '../task/snapshot.js';
import { endId, endsIn, escaped, firstByTask, outcomes, stateOf, taskOf } from './rows.js';
import type { QueueStore } from './store.js';

/** A pool or a client, as far as the store uses it. That of `pg` is one. */
export interface PostgresPool {
  readonly query: (text: string, values: unknown[]) => Promise<{ readonly rows: unknown[]; readonly rowCount: number | null }>;
}

/** Options of `postgresStore` and `postgresSchema`. */
export interface PostgresStoreOptions {
  /** The schema of the tables. Default: `rx_seedance`. */
  readonly schema?: string | undefined;
}

/** The names of what the schema holds. */
const namesIn = (schema: string): { readonly schema: string; readonly tasks: string; readonly lanes: string; readonly ends: string } => {
  if (typeof schema !== 'string' || schema === '') throw new TypeError(`schema must be a non-empty string, not ${String(schema)}`);
  const quoted = `"${schema.replaceAll('"', '""')}"`;
  return { schema: quoted, tasks: `${quoted}.tasks`, lanes: `${quoted}.lanes`, ends: `${quoted}.ends` };
};

/**
 * The statements that create the tables of `postgresStore`, as one text. Run it before the first use, or put it into a migration. It changes
 * nothing where the tables exist, and several processes can run it at once.
 *
 * Throws `TypeError` unless the schema is a non-empty string.
 * @example await pool.query(postgresSchema())
 */
export const postgresSchema = ({ schema = 'rx_seedance' }: PostgresStoreOptions = {}): string => {
  const names = namesIn(schema);
  return `
SELECT pg_advisory_xact_lock(hashtext('rx-seedance'));
CREATE SCHEMA IF NOT EXISTS ${names.schema};
CREATE SEQUENCE IF NOT EXISTS ${names.ends};
-- A watched task has a due time, an end in the outbox a place.
CREATE TABLE IF NOT EXISTS ${names.tasks} (
  task text COLLATE "C" PRIMARY KEY,
  account text COLLATE "C" NOT NULL,
  revision integer NOT NULL DEFAULT 0,
  due_at_ms double precision,
  place bigint,
  state text NOT NULL,
  CHECK ((due_at_ms IS NULL) <> (place IS NULL))
);
CREATE INDEX IF NOT EXISTS tasks_due ON ${names.tasks} (account, due_at_ms) WHERE due_at_ms IS NOT NULL;
CREATE INDEX IF NOT EXISTS tasks_ended ON ${names.tasks} (place) WHERE place IS NOT NULL;
CREATE TABLE IF NOT EXISTS ${names.lanes} (
  account text COLLATE "C" PRIMARY KEY,
  lane text NOT NULL
);
`;
};

/**
 * Creates a store in PostgreSQL, in the tables of `postgresSchema`. The database has the encoding UTF8.
 *
 * Throws `TypeError` unless the schema is a non-empty string.
 * @example const store = postgresStore(new Pool({ connectionString: process.env.DATABASE_URL }))
 */
export const postgresStore = (pool: PostgresPool, { schema = 'rx_seedance' }: PostgresStoreOptions = {}): QueueStore => {
  const names = namesIn(schema);
  const rowsOf = async <Row>(text: string, ...values: readonly unknown[]): Promise<readonly Row[]> =>
    (await pool.query(text, [...values])).rows as Row[]; // the columns that the text names
  const countOf = async (text: string, ...values: readonly unknown[]): Promise<number | null> => (await pool.query(text, [...values])).rowCount;
  return {
    add: async (account, tasks) => {
      const entries = [...firstByTask(tasks)];
      if (entries.length === 0) return;
      await countOf(
        `INSERT INTO ${names.tasks} (account, task, due_at_ms, state)
         SELECT $1, added.* FROM unnest($2::text[], $3::double precision[], $4::text[]) AS added (task, due_at_ms, state)
         ORDER BY added.task COLLATE "C"
         ON CONFLICT DO NOTHING`,
        escaped(account), entries.map(([key]) => key), entries.map(([, { dueAtMs }]) => dueAtMs), entries.map(([, { state }]) => JSON.stringify(state)),
      );
    },
    due: async (account, untilMs, limit) => {
      const rows = await rowsOf<{ readonly task: string; readonly revision: number; readonly due_at_ms: number; readonly state: string }>(
        `SELECT task, revision, due_at_ms, state FROM ${names.tasks} WHERE account = $1 AND due_at_ms <= $2 ORDER BY due_at_ms LIMIT $3`,
        escaped(account), untilMs, limit,
      );
      return rows.map(({ task, revision, due_at_ms: dueAtMs, state }) => ({ task: taskOf(task), revision, dueAtMs, state: stateOf(state) }));
    },
    swap: async (_, changes) => {
      const entries = [...firstByTask(changes)];
      if (entries.length === 0) return [];
      const rows = await rowsOf<{ readonly task: string }>(
        `WITH held AS (
           SELECT tasks.task, change.state, CASE
             WHEN tasks.due_at_ms < change.marked_due_at_ms AND tasks.due_at_ms < change.due_at_ms THEN tasks.due_at_ms
             ELSE change.due_at_ms
           END AS due_at_ms
           FROM unnest($1::text[], $2::integer[], $3::double precision[], $4::text[], $5::double precision[])
             AS change (task, revision, due_at_ms, state, marked_due_at_ms)
           JOIN ${names.tasks} AS tasks ON tasks.task = change.task AND tasks.revision = change.revision AND tasks.place IS NULL
           ORDER BY tasks.task
           FOR UPDATE OF tasks
         )
         UPDATE ${names.tasks} AS tasks
         SET revision = tasks.revision + 1, due_at_ms = held.due_at_ms, state = held.state,
           place = CASE WHEN held.due_at_ms IS NULL THEN nextval('${names.ends.replaceAll('\'', '\'\'')}') END
         FROM held WHERE tasks.task = held.task
         RETURNING tasks.task`,
        entries.map(([key]) => key), entries.map(([, { revision }]) => revision), entries.map(([, { dueAtMs }]) => dueAtMs),
        entries.map(([, { state }]) => JSON.stringify(state)), entries.map(([, { markedDueAtMs }]) => markedDueAtMs ?? null),
      );
      return outcomes(changes, rows.map(({ task }) => task));
    },
    wake: async (_, task, atMs) => {
      await countOf(`UPDATE ${names.tasks} SET due_at_ms = $2 WHERE task = $1 AND due_at_ms > $2`, taskKey(task), atMs);
    },
    lane: async (account) => {
      const [row] = await rowsOf<{ readonly lane: string }>(`SELECT lane FROM ${names.lanes} WHERE account = $1`, escaped(account));
      return row?.lane ?? null;
    },
    swapLane: async (account, before, after) => {
      const count = before === null
        ? await countOf(`INSERT INTO ${names.lanes} (account, lane) VALUES ($1, $2) ON CONFLICT DO NOTHING`, escaped(account), after)
        : await countOf(`UPDATE ${names.lanes} SET lane = $3 WHERE account = $1 AND lane = $2`, escaped(account), before, after);
      return count === 1;
    },
    ended: async (limit) => {
      const rows = await rowsOf<{ readonly task: string; readonly place: string; readonly state: string }>(
        `SELECT task, place::text, state FROM ${names.tasks} AS tasks WHERE place IS NOT NULL ORDER BY tasks.place LIMIT $1`,
        limit,
      );
      return rows.map(({ task, place, state }) => ({ id: endId(task, place), task: taskOf(task), state: stateOf(state) }));
    },
    acknowledge: async (ids) => {
      const ends = endsIn(ids);
      if (ends.length === 0) return;
      await countOf(
        `DELETE FROM ${names.tasks} AS tasks USING (
           SELECT tasks.task, tasks.place FROM unnest($1::text[], $2::bigint[]) AS acknowledged (task, place)
           JOIN ${names.tasks} AS tasks ON tasks.task = acknowledged.task AND tasks.place = acknowledged.place
           ORDER BY tasks.task
           FOR UPDATE OF tasks
         ) AS held WHERE tasks.task = held.task AND tasks.place = held.place`,
        ends.map(([key]) => key), ends.map(([, place]) => place),
      );
    },
  };
};
