/**
 * This library's watches in one feed, answered from memory: sharing and feed on, and the latest feed kept, as an app keeps it.
 */
import { of, Subject } from 'rxjs';
import { account, createTaskClient, toFeed, watchTasks } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { runningAnswer } from './waiting.mjs';

const createClient = (/** @type {number} */ intervalMs) =>
  createTaskClient({
    transport: ({ url }) => of(runningAnswer(url)),
    accounts: [account(ark, { apiKey: 'bench-key' })],
    policy: { interval: () => intervalMs },
  });

const refOf = (/** @type {string} */ id) => /** @type {const} */ ({ provider: 'ark', id });

/** @type {import('./waiting.mjs').Waiting} */
export const createWaiting = ({ intervalMs }) => {
  const refs = /** @type {Subject<ReturnType<typeof refOf>>} */ (new Subject());
  /** @type {import('rx-seedance').Feed | undefined} */
  let feed;
  refs.pipe(watchTasks(createClient(intervalMs), { concurrency: 1_000 }), toFeed()).subscribe((next) => (feed = next));
  return {
    add: (ids) => {
      for (const id of ids) refs.next(refOf(id));
    },
    answered: () => feed?.counts.running ?? 0,
  };
};
