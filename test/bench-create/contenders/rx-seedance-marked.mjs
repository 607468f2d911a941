/**
 * This library, told that the `safety_identifier` of each body names one task, so that a task whose response was lost is found in the list.
 */
import { lastValueFrom, switchMap, throwError } from 'rxjs';
import { account, createTask, createTaskClient } from 'rx-seedance';
import { ark } from 'rx-seedance/providers/ark';
import { undiciTransport } from 'rx-seedance/undici';

/** @type {import('../contest.mjs').Create} */
export const create = ({ baseUrl, apiKey, model }) => {
  const own = account(ark, { apiKey, baseUrl });
  const client = createTaskClient({ transport: undiciTransport(), accounts: [own] });
  return async ({ prompt, user }) => {
    const end = createTask(client, own, { model, content: [{ type: 'text', text: prompt }], safety_identifier: user }, { key: prompt, isMarked: true }).pipe(
      switchMap((result) => (result.outcome === 'created'
        ? client.watch(result.task, { expected: result.expected })
        : throwError(() => new Error(`${result.outcome}: ${result.message}`)))),
    );
    const { to, task } = await lastValueFrom(end);
    return { status: to, id: task.id };
  };
};
