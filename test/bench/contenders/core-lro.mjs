/**
 * Azure's poller of long-running operations, which Ark's words happen to suit: `operation-location` mode reads `status` and knows
 * `running` and `succeeded`. The tasks are there already, so each poller is restored, as its documentation has it for that case.
 */
import { createHttpPoller } from '@azure/core-lro';
import { Pool } from 'undici';
import { forEachOf, headers, pathOf } from './setting.mjs';

/** @type {import('./setting.mjs').Contender} */
export const create = ({ origin, connections, live, intervalMs }) => {
  const pool = new Pool(origin, { connections });
  /** @type {import('@azure/core-lro').RunningOperation['sendPollRequest']} */
  const sendPollRequest = async (path, options) => {
    const { statusCode, headers: fields, body } = await pool.request({ method: 'GET', path, headers, signal: options?.abortSignal });
    /** @type {any} */
    const task = await body.json();
    const request = { method: 'GET', url: path };
    const rawResponse = { statusCode, headers: /** @type {Record<string, string>} */ (fields), body: task, request };
    return { flatResponse: task, rawResponse };
  };
  const sendInitialRequest = () => Promise.reject(new Error('the task is there already'));
  const follow = async (/** @type {string} */ id) => {
    const config = { operationLocation: pathOf(id), metadata: { mode: 'OperationLocation' } };
    const restoreFrom = JSON.stringify({ state: { status: 'running', config } });
    /** @type {any} */
    const task = await createHttpPoller({ sendInitialRequest, sendPollRequest }, { intervalInMs: intervalMs, restoreFrom }).pollUntilDone();
    return task.content.video_url;
  };
  return (ids) => forEachOf(ids, live, follow);
};
