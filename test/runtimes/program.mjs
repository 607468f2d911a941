// @ts-check
/**
 * The program of every runtime: it follows tasks of all providers to their ends, over HTTP, and returns what was wrong.
 */
import { lastValueFrom, toArray } from 'rxjs';
import { account, createTaskClient } from 'rx-seedance';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { kyyaipower } from 'rx-seedance/providers/kyyaipower';
import { powertokens } from 'rx-seedance/providers/powertokens';
import { xingchao } from 'rx-seedance/providers/xingchao';
import { yescale } from 'rx-seedance/providers/yescale';
import { atSpeed } from 'rx-seedance/simulator';

/**
 * What a simulator in another process has. Plain JSON.
 * @typedef {object} Input
 * @property {readonly [speed: number, originMs: number]} clock
 * @property {Readonly<Record<string, { readonly apiKey: string, readonly baseUrl: string }>>} accounts
 * @property {readonly { readonly task: import('rx-seedance').TaskRef, readonly end: string }[]} tasks  `end` is the last status
 */

const providers = [anyfast, ark, kyyaipower, powertokens, xingchao, yescale];

/** A client of the simulator. @param {Input} input @param {import('rx-seedance').Transport} transport */
export const clientOf = ({ clock, accounts }, transport) =>
  createTaskClient({
    transport,
    accounts: providers.map((provider) => account(/** @type {import('rx-seedance').Provider} */ (provider), accounts[provider.id] ?? { apiKey: null })),
    scheduler: atSpeed(...clock),
    // In simulated time, of which a slow start takes much.
    requestTimeoutMs: 3_600_000,
  });

/** What was wrong; nothing if each task has gone from status to status to its end. @param {Input} input @param {import('rx-seedance').Transport} transport */
export const follow = async (input, transport) => {
  const client = clientOf(input, transport);
  const wrong = await Promise.all(input.tasks.map(async ({ task, end }) => {
    const transitions = await lastValueFrom(client.watch(task).pipe(toArray()));
    const statuses = [null, ...transitions.map(({ to }) => to)];
    const snapshot = transitions.at(-1)?.snapshot;
    const isRight = snapshot?.status === end && transitions.every(({ from }, index) => from === statuses[index]);
    const hasVideo = snapshot?.status !== 'succeeded' || snapshot.video?.url !== undefined;
    return isRight && hasVideo ? [] : [`${task.provider}: ${statuses.join(' → ')}${hasVideo ? '' : ' without a video'}, not ${end}`];
  }));
  return wrong.flat();
};
