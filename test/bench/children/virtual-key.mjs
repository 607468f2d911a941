/**
 * Lets one contender follow tasks of one limited key in virtual time, and reports what was refused and how late each end was seen.
 */
import { asyncScheduler, from, mergeMap } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { options, report } from '../child.mjs';
import { contenders } from '../contenders/one-key.mjs';
import { createRandom, logNormal } from '../random.mjs';
import { mean, quantile } from '../statistics.mjs';
import { createVirtualArk } from '../virtual-ark.mjs';

const { contender, seed, tasks, ends, perMinute, latencyMs } = options;
const random = createRandom(seed);
const endsAtMs = new Map(Array.from({ length: tasks }, (_, index) => [`cgt-20260301101500-${index}`, logNormal(ends).draw(random)]));
const server = createVirtualArk({
  latencyMs,
  tasks: new Map([...endsAtMs].map(([id, endMs]) => [id, { endMs, outcome: /** @type {const} */ ('succeeded') }])),
  limit: { perMinute, window: 'sliding', retryAfter: true },
});
/** @type {Map<string, number>} */
const lateMs = new Map();

new TestScheduler(() => undefined).run(() => {
  const watch = contenders[/** @type {keyof typeof contenders} */ (contender)](server.transport, { perMinute });
  from(endsAtMs).pipe(
    mergeMap(([id, endMs]) => watch(id).pipe(mergeMap((link) => {
      if (link.includes(`/${id}/`)) lateMs.set(id, asyncScheduler.now() - endMs);
      return [];
    }))),
  ).subscribe();
});

const all = [...lateMs.values()];
if (all.length !== tasks || all.some((ms) => ms < 0)) throw new Error(`${contender}: ${all.length} ends of ${tasks} tasks, the earliest ${Math.min(...all)} ms late`);
report({
  requests: server.log.length,
  refusals: server.log.filter(({ status }) => status === 429).length,
  lateMs: mean(all),
  late95Ms: quantile(all, 0.95),
});
