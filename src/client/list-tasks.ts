/**
 * Lists the tasks of an account: those whose ids were lost, or all that still run.
 */
import { isLeft, right } from 'fp-ts/Either';
import { concat, concatMap, defer, distinct, EMPTY, filter, from, type Observable, switchMap, throwError } from 'rxjs';
import { requestError } from '../state/errors.js';
import type { TaskRef, TaskSnapshot } from '../task/snapshot.js';
import { type TaskStatus, taskStatuses } from '../task/status.js';
import { pageIn } from '../wire/task-list.js';
import { type Account, refIn } from './account.js';
import { get } from './exchange.js';
import type { TaskClient } from './task-client.js';

/** Which tasks to list. */
export interface ListFilter {
  /** Default: every status. */
  readonly status?: TaskStatus | readonly TaskStatus[];
  /** As the provider's filter takes it: for Ark the id of an endpoint. */
  readonly model?: string;
  /** Such as `flex`. Default: every tier. */
  readonly serviceTier?: string;
}

/** A snapshot of a task of the provider `Id`. */
export type SnapshotFor<Id extends string> = TaskSnapshot & { readonly task: TaskRef<Id> };

/** The size of a page. */
const pageSize = 100;

/**
 * Emits the tasks of an account that its provider still lists, each once, page by page. Ark lists the last 7 days.
 *
 *     requests    ^--p1        ^--p2
 *     tasks       ---(abc)--------(de|)
 *
 * Cold: each subscription lists anew. Unsubscribing, for example by `take`, requests no further page. A request that fails for a reason that
 * may pass is sent again, five times. A task that is created meanwhile may be missing, and so is an item that cannot be read.
 *
 * Errors: `SeedanceError` of kind `transport`, `timeout`, `response` or `decode`; the id of its `task` is empty. Throws `TypeError` for a
 * provider without a documented list, an account of another client, and an unknown status.
 * @example listTasks(client, own, { status: ['queued', 'running'] }).pipe(map(({ task }) => task), watchTasks(client))
 */
export const listTasks = <Id extends string, Own extends Id>(
  client: TaskClient<Id>,
  account: Account<Own>,
  { status = taskStatuses, model, serviceTier }: ListFilter = {},
): Observable<SnapshotFor<Own>> => {
  const connection = client.connectionOf(account);
  const { provider } = account;
  const { list } = provider;
  const pageOf = list?.pageOf;
  if (pageOf === undefined) throw new TypeError(`listTasks: ${provider.id} documents no list of tasks`);
  const wanted = new Set<TaskStatus>([status].flat());
  for (const one of wanted) if (!taskStatuses.includes(one)) throw new TypeError(`listTasks: status must be one of ${taskStatuses.join(', ')}, not ${String(one)}`);
  // In the order of a task's life: one that starts to run meanwhile is in one of the two.
  const passes = wanted.size === taskStatuses.length ? [null] : taskStatuses.filter((one) => wanted.has(one));
  const tiers = serviceTier === undefined ? (list?.serviceTiers ?? [null]) : [serviceTier];

  const pagesFrom = (page: number, seen: number, pass: { readonly status: TaskStatus | null; readonly serviceTier: string | null }): Observable<SnapshotFor<Own>> =>
    get(connection, pageOf({ ...pass, page, size: pageSize, model: model ?? null }), (response) => {
      const found = provider.readWith(response, `list of ${provider.id} tasks`, pageIn);
      if (isLeft(found)) return found;
      const refs = found.right.ids.map((id) => refIn(account, id));
      const results = provider.readList(refs, response);
      if (isLeft(results)) return results;
      const snapshots = refs.flatMap((task) => {
        const result = results.right.get(task);
        return result === undefined || isLeft(result) ? [] : [{ ...result.right.snapshot, task }];
      });
      return right({ ...found.right, snapshots });
    }).pipe(
      switchMap(({ result }) => {
        if (isLeft(result)) {
          const error = requestError('the list of tasks failed', result.left, refIn(account, ''));
          return throwError(() => error);
        }
        const { snapshots, count, total } = result.right;
        const listed = seen + count;
        const isLast = count === 0 || (total === null ? count < pageSize : listed >= total);
        return concat(from(snapshots), isLast ? EMPTY : defer(() => pagesFrom(page + 1, listed, pass)));
      }),
    );

  return defer(() =>
    from(passes.flatMap((pass) => tiers.map((tier) => ({ status: pass, serviceTier: tier })))).pipe(
      concatMap((pass) => pagesFrom(1, 0, pass)),
      filter((snapshot) => wanted.has(snapshot.status)),
      distinct(({ task }) => task.id),
    ),
  );
};
