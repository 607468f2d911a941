/**
 * Lets one contender follow tasks over HTTP, first some that do not count, then those that do, and reports the CPU time of the second
 * part, kernel time included, and how long the event loop was kept from others, if that is wanted: watching it costs CPU time. The first part is there for the compiler and for the connections.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { options, report } from '../child.mjs';
import { checkEnds } from '../ends.mjs';

const { contender, run, tasks, warmUp, pollsPerTask, isLoopWatched = false, ...setting } = options;
/** @type {{ create: import('../contenders/setting.mjs').Contender }} */
const { create } = await import(`../contenders/${contender}.mjs`);
const follow = create(setting);

/** Follows so many tasks, and makes sure that each came to its end. */
const followAll = async (/** @type {string} */ part, /** @type {number} */ count) => {
  const ids = Array.from({ length: count }, (_, index) => `cgt-20260301101500-${run}-${part}${index}`);
  checkEnds(contender, ids, await follow(ids));
};

await followAll('w', warmUp);
// No collection in between: with no task alive it would take the hidden classes of the objects, and with them the code that was compiled for
// them. Then the second part would measure the compiler.
// In ms. A loop without any delay shows the resolution as its delay.
const resolution = 1;
const loop = monitorEventLoopDelay({ resolution });
if (isLoopWatched) loop.enable();
const before = process.cpuUsage();
await followAll('t', tasks);
const { user, system } = process.cpuUsage(before);
report({
  microsPerPoll: (user + system) / (tasks * pollsPerTask),
  loopDelay99Ms: isLoopWatched ? Math.max(0, loop.percentile(99) / 1e6 - resolution) : null,
});
