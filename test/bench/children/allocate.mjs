/**
 * Lets one contender follow tasks from memory, first some that do not count, then those that do, and reports the bytes that each poll
 * of the second part has allocated: what the heap gains while nothing is collected. The young generation must be large enough for that
 * (`--min-semi-space-size`); a collection fails the figure.
 */
import { PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as after } from 'node:timers/promises';
import { options, report } from '../child.mjs';
import { tasksWithEnd } from '../contenders/memory.mjs';
import { checkEnds } from '../ends.mjs';

const { contender, tasks, warmUp, pollsPerTask, ...setting } = options;
/** @type {{ createFromMemory: import('../contenders/memory.mjs').FromMemory }} */
const { createFromMemory } = await import(`../contenders/${contender}.mjs`);
const { respond, responses } = tasksWithEnd(pollsPerTask);
const follow = createFromMemory({ ...setting, respond });

const idsOf = (/** @type {string} */ part, /** @type {number} */ count) => Array.from({ length: count }, (_, index) => `cgt-20260301101500-${part}${index}`);

const warmUpIds = idsOf('w', warmUp);
checkEnds(contender, warmUpIds, await follow(warmUpIds));
// The compiler finishes in the background what the warm-up has begun.
await after(200);

const ids = idsOf('t', tasks);
const responsesBefore = responses();
// Garbage stays where it is: a collection would take the compiled code too, as in follow.mjs, and code that is not compiled allocates more.
let collections = 0;
new PerformanceObserver((list) => (collections += list.getEntries().length)).observe({ entryTypes: ['gc'] });
const before = process.memoryUsage().heapUsed;
const links = await follow(ids);
const bytes = process.memoryUsage().heapUsed - before;
const polls = responses() - responsesBefore;

checkEnds(contender, ids, links);
if (polls !== tasks * pollsPerTask) throw new Error(`${contender}: ${polls} polls instead of ${tasks * pollsPerTask}`);
// Node tells of a collection a little later.
await after(50);
if (collections > 0) throw new Error(`${contender}: ${collections} collections while ${bytes} bytes were allocated`);
report({ bytesPerPoll: bytes / polls });
