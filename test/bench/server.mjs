/**
 * Starts the server of children/ark-server.mjs, reads its counts, and stops it.
 */
import { fork } from 'node:child_process';

/**
 * @param {{ readonly pollsPerTask: number }} options
 */
export const startServer = async (options) => {
  const child = fork(new URL('children/ark-server.mjs', import.meta.url), [JSON.stringify(options)], { execArgv: [] });
  /** @type {(error: Error) => void} */
  let fail = () => undefined;
  const nextMessage = () =>
    new Promise((resolve, reject) => {
      fail = reject;
      child.once('message', resolve);
    });
  child.once('exit', () => fail(new Error('the server has ended')));
  /** @type {{ readonly origin: string }} */
  const { origin } = await nextMessage();
  return {
    origin,
    /** The requests, those after a warm-up, and the polls in all of them, since the last call. @returns {Promise<{ requests: number, measuredRequests: number, polls: number }>} */
    counts: () => {
      child.send('counts');
      return nextMessage();
    },
    stop: () => child.kill(),
  };
};
