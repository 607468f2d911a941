/**
 * Lies: the library with one text of its source replaced, so that it does what it must not. For each of them the run must report a failure.
 */

/** One lie. */
export interface Lie {
  /** What the library does. */
  readonly lie: string;
  /** Below `src`. */
  readonly file: string;
  /** A text that the file has exactly once, and what replaces it. */
  readonly from: string;
  readonly to: string;
  /** The part of the run that catches it, and its number of tasks. Default: 300 virtual tasks, or 60 real ones. */
  readonly part?: 'virtual' | 'real';
  readonly tasks?: number;
  /** The figure that does not hold; or why the run cannot notice the lie, and then all figures must hold. */
  readonly caughtBy: string | { readonly unnoticed: string };
}

const watchState = 'state/watch-state.ts';

export const lies: readonly Lie[] = [
  // --- when a watch gives up
  {
    lie: 'a task is gone at the first 404',
    file: watchState,
    from: "error.reason === 'not-found' && error.sameFailureCount >= 2",
    to: "error.reason === 'not-found'",
    caughtBy: 'watches given up without cause',
  },
  { lie: 'the second 401 ends a watch', file: watchState, from: 'state.unauthorizedCount >= 3', to: 'state.unauthorizedCount >= 2', caughtBy: 'watches given up without cause' },
  { lie: 'a watch gives up after 5 minutes', file: 'state/watch-config.ts', from: 'giveUpAfterMs = 15 * 60_000', to: 'giveUpAfterMs = 5 * 60_000', caughtBy: 'watches given up without cause' },
  { lie: 'a watch never gives up', file: 'poll/backoff.ts', from: 'failures.failureCount >= minFailures && ', to: 'false && ', tasks: 600, caughtBy: 'watches that should have given up' },
  { lie: 'every 429 is a quota error', file: 'wire/error-response.ts', from: "? 'server' : 'rate-limited';\n  if (status >= 200", to: "? 'server' : 'quota';\n  if (status >= 200", caughtBy: 'watches given up without cause' },
  { lie: 'a deadline moves when a watch resumes', file: watchState, from: 'config.deadlineMs === null ? resumed :', to: 'config.deadlineMs === null ? { ...resumed, deadlineAtMs: nowMs + (config.deadlineMs ?? 0) } :', tasks: 600, caughtBy: 'wrong ends' },
  // --- whose response it is
  { lie: 'a list has an item for each of its tasks', file: 'wire/response-reader.ts', from: 'itemOf.get(task.id);', to: '{ ...(itemOf.get(task.id) ?? items[0]), id: task.id };', caughtBy: 'snapshots that differ from the response' },
  { lie: 'each result of a list has the ref of its first task', file: 'wire/response-reader.ts', from: 'readBody(item, task, alone, isOther)', to: 'readBody(item, tasks[0] ?? task, alone, noOther)', caughtBy: 'missing ends' },
  {
    lie: 'a request has the key of another account',
    file: 'client/task-client.ts',
    from: 'const connection = { account: owner,',
    to: 'const connection = { account: accounts.find((other) => other.provider === provider) ?? owner,',
    caughtBy: 'polls with the key of another account',
  },
  { lie: 'a second watcher is not told', file: 'client/shared-task.ts', from: 'of this.#ended()) poller.arrived(arrival)', to: 'of this.#ended().slice(0, 1)) poller.arrived(arrival)', caughtBy: 'wrong ends' },
  // --- what a snapshot says
  { lie: 'expired is failed', file: 'wire/ark.ts', from: "expired: 'expired'", to: "expired: 'failed'", caughtBy: 'wrong ends' },
  { lie: 'cancelled is succeeded', file: 'wire/ark.ts', from: "cancelled: 'cancelled'", to: "cancelled: 'succeeded'", caughtBy: 'wrong ends' },
  { lie: 'moderation is an unknown reason', file: 'wire/reading.ts', from: "return 'moderation'", to: "return 'unknown'", caughtBy: 'wrong ends' },
  { lie: 'an undocumented word is running', file: 'wire/status-words.ts', from: "?? 'unknown'", to: "?? 'running'", caughtBy: 'snapshots that differ from the response' },
  { lie: 'one running in 40 is queued', file: 'wire/reading.ts', from: 'const { status } = parsed;\n  switch', to: "const status = parsed.status === 'running' && Math.random() < 0.025 ? 'queued' : parsed.status;\n  switch", caughtBy: 'snapshots that differ from the response' },
  { lie: 'a link has no signature', file: 'wire/reading.ts', from: 'return { url, lastFrameUrl', to: "return { url: url.split('?')[0] ?? url, lastFrameUrl", caughtBy: 'snapshots that differ from the response' },
  { lie: 'the last frame is the video', file: 'wire/reading.ts', from: 'return { url, lastFrameUrl', to: 'return { url: lastFrameUrl ?? url, lastFrameUrl', caughtBy: 'snapshots that differ from the response' },
  { lie: 'one token too many', file: 'wire/ark.ts', from: 'totalTokens: task.usage.total_tokens,', to: 'totalTokens: (task.usage.total_tokens ?? 0) + 1,', caughtBy: 'snapshots that differ from the response' },
  { lie: 'progress decreases', file: watchState, from: '  next.progress = progress;', to: '  next.progress = next.polls % 2 === 0 ? progress : progress / 2;', caughtBy: 'progress that decreases, or is 1 too early' },
  { lie: 'the key is not redacted', file: 'client/redaction.ts', from: "text.replace(copy, '[key]')", to: 'text', caughtBy: 'records with a key' },
  // --- transitions and states
  { lie: 'no transition to cancelled', file: watchState, from: 'if (snapshot === null || snapshot.status !== reported ||', to: "if (snapshot === null || snapshot.status === 'cancelled' || snapshot.status !== reported ||", caughtBy: 'wrong ends' },
  {
    lie: 'the last transition comes twice',
    file: 'client/task-client.ts',
    from: '    if (picked !== null) this.#subscriber.next(picked);',
    to: '    if (picked !== null) this.#subscriber.next(picked);\n    if (picked !== null && state.ended !== null) this.#subscriber.next(picked);',
    caughtBy: 'duplicate terminal transitions',
  },
  { lie: 'the saved state is one result old', file: 'client/watcher.ts', from: 'const saved = this.#save(state);', to: 'const saved = this.#save(this.#before);', caughtBy: 'states that were not saved' },
  { lie: 'errors are not saved', file: 'client/watcher.ts', from: 'const saved = this.#save(state);', to: 'const saved = state.lastError === null ? this.#save(state) : null;', caughtBy: 'states that were not saved' },
  { lie: 'nothing is saved before a request', file: 'client/watcher.ts', from: 'const saved = this.#save(this.#sent);', to: 'const saved = null as Observable<boolean> | null;', caughtBy: 'polls below the minimum interval' },
  { lie: 'an ended task is polled again', file: watchState, from: "  if (saved.ended === 'terminal' && !mayGetLink(saved, config, nowMs)) return saved;\n", to: '', caughtBy: 'ended watches that are not repeated as they were' },
  { lie: 'a resumed watch forgets the status before its end', file: watchState, from: 'nowMs)) return saved;', to: 'nowMs)) return { ...saved, previousStatus: null };', caughtBy: 'ended watches that are not repeated as they were' },
  // --- the pace
  { lie: 'each wait is 10 minutes longer', file: watchState, from: 'const plannedAtMs = nowMs +', to: 'const plannedAtMs = nowMs + 600_000 +', caughtBy: 'polls above the longest wait' },
  { lie: 'Ark is polled every 4 s', file: 'wire/ark.ts', from: 'arkPacing: Pacing = { minIntervalMs: 10_000', to: 'arkPacing: Pacing = { minIntervalMs: 4_000', caughtBy: 'polls below the minimum interval' },
  { lie: 'requests do not wait for the minimum interval', file: 'client/requests.ts', from: 'if (waitMs > 0) poll.wait', to: 'if (waitMs > Infinity) poll.wait', caughtBy: 'polls below the minimum interval' },
  {
    lie: 'the state does not know the minimum interval',
    file: watchState,
    from: 'const leastMs = Math.max(minIntervalMs, Math',
    to: 'const leastMs = Math.max(0, Math',
    caughtBy: { unnoticed: 'the default policies wait as long, and the requests of the client wait for the interval too' },
  },
  { lie: 'Retry-After is ignored', file: 'transport/retry-after.ts', from: "const own = retryAfterMs(headers['retry-after'], date);", to: 'const own = null as number | null;', caughtBy: 'requests before the end of a Retry-After' },
  { lie: 'a 429 slows nobody', file: 'client/requests.ts', from: 'return { isRefused, sentAtMs,', to: 'return { isRefused: false, sentAtMs,', caughtBy: 'requests before the end of a Retry-After' },
  { lie: 'refusals find no limit', file: 'transport/rate-limiter.ts', from: 'return isFresh && isEvidence ? slowed(next, nowMs, minIntervalMs) : next;', to: 'return next;', tasks: 1200, caughtBy: 'keys with many refusals' },
  { lie: 'a given limit is ignored', file: 'transport/request-queue.ts', from: 'createRateLimiter(perMinute ?? null)', to: 'createRateLimiter(perMinute === undefined ? null : null)', caughtBy: 'requests above a given rate limit' },
  // --- what is left behind
  { lie: 'undici does not abort', file: 'adapters/undici.ts', from: '    this.#controller?.abort(new errors.RequestAbortedError());\n', to: '', part: 'real', caughtBy: 'sockets left after closing the pools' },
  { lie: 'fetch does not abort', file: 'adapters/fetch.ts', from: 'if (isPending) controller.abort();', to: 'isPending = false;', part: 'real', caughtBy: 'sockets left after closing the pools' },
  { lie: 'timers are not cancelled', file: 'transport/exchange.ts', from: 'this.#time.stop(this);', to: '', part: 'real', caughtBy: 'timers left' },
  // --- files, the journal and the page
  { lie: 'a file has a wrong byte', file: 'node/part-file.ts', from: 'writeAll(file, bytes, receivedBytes);', to: 'writeAll(file, bytes.map((byte, at) => (receivedBytes + at === 20_000 ? byte ^ 1 : byte)), receivedBytes);', part: 'real', caughtBy: '… that differ from the file of the host' },
  { lie: 'the journal keeps the first state of a task', file: 'node/journal.ts', from: 'else states.set(key, state);', to: 'else if (!states.has(key)) states.set(key, state);', part: 'real', caughtBy: 'transitions that do not follow the one before' },
  { lie: 'the page misses rows', file: 'sse/follow.ts', from: 'return rows.reduce((known', to: 'return rows.slice(1).reduce((known', part: 'real', caughtBy: 'rows of the page that differ' },
];
