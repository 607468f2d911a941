/**
 * Checks the records of a run. It does not use the library: its rules are written again from the documentation. Each fault names
 * its task, so that a run with the same seed reproduces it.
 */
import type { Exchange, KeyRecord, Said, SeenSnapshot, WatchErrorRecord, TaskRecord, WatchRecord } from './records.js';

/** The rules for the records. */
export interface Rules {
  /** The minimum interval between two polls of one task, in ms. */
  readonly minIntervalMs: number;
  /** How long errors must last before a watch may give up, in ms. */
  readonly giveUpAfterMs: number;
  /** The timeout of a request, in ms. */
  readonly requestTimeoutMs: number;
  /** The difference between the clock of the library and that of the records, in ms. */
  readonly readingMs: number;
  /** How late work may run on a busy machine, in ms. */
  readonly latenessMs: number;
}

/** The faults, one line each with the name of the task or key. All lists must be empty. */
export interface Faults {
  readonly missingEnds: readonly string[];
  readonly wrongEnds: readonly string[];
  readonly wrongSnapshots: readonly string[];
  readonly wrongProgress: readonly string[];
  readonly unjustifiedErrors: readonly string[];
  readonly missingErrors: readonly string[];
  readonly pollsTooSoon: readonly string[];
  readonly pollsTooLate: readonly string[];
  readonly duplicateEnds: readonly string[];
  readonly brokenSequences: readonly string[];
  readonly wrongRepeats: readonly string[];
  readonly unsavedStates: readonly string[];
  readonly leaks: readonly string[];
  readonly requestsOverLimit: readonly string[];
  readonly brokenSilences: readonly string[];
  readonly manyRefusals: readonly string[];
}

/** Checks all tasks of a run, and the requests with each key. */
export const check = (tasks: readonly TaskRecord[], keys: readonly KeyRecord[], rules: Rules): Faults => {
  const ofWatches = (find: (watch: WatchRecord, task: TaskRecord) => readonly string[]): readonly string[] =>
    tasks.flatMap((task) => task.watches.flatMap((watch, index) => find(watch, task).map((fault) => `${task.name} (watch ${index + 1}): ${fault}`)));
  const ofKeys = (find: (key: KeyRecord) => readonly string[]): readonly string[] => keys.flatMap((key) => find(key).map((fault) => `${key.name}: ${fault}`));
  return {
    missingEnds: ofWatches(missingEnd),
    wrongEnds: ofWatches((watch, task) => wrongEnd(watch, task, rules)),
    wrongSnapshots: ofWatches(wrongSnapshots),
    wrongProgress: ofWatches(wrongProgress),
    unjustifiedErrors: ofWatches((watch, task) => watch.errors.filter((error) => !isJustified(error, watch, task, rules)).map(errorText)),
    missingErrors: ofWatches((watch, task) => missingErrors(watch, task, rules)),
    pollsTooSoon: tasks.flatMap((task) => tooSoon(task.exchanges, rules).map((gap) => `${task.name}: ${gap}`)),
    pollsTooLate: ofWatches((watch, task) => tooLate(watch, task, rules)),
    duplicateEnds: ofWatches(({ seen }) => {
      const ends = seen.filter(({ isTerminal }) => isTerminal).map(({ to }) => to);
      return ends.length > 1 ? [ends.join(', ')] : [];
    }),
    brokenSequences: ofWatches(({ seen }) =>
      seen.flatMap(({ from, to }, index) => {
        const before = seen[index - 1];
        return from === (before?.to ?? null) && from !== to && before?.isTerminal !== true ? [] : [`${before?.to ?? 'nothing'}, then ${from ?? 'nothing'} → ${to}`];
      }),
    ),
    wrongRepeats: ofWatches(wrongRepeat),
    unsavedStates: ofWatches(unsavedStates),
    leaks: ofWatches(({ leaks }) => leaks),
    requestsOverLimit: ofKeys((key) => overLimit(key, rules)),
    brokenSilences: ofKeys((key) => brokenSilences(key, rules)),
    manyRefusals: ofKeys(manyRefusals),
  };
};

/** How late each end was seen, in ms: from the end of the task, or from the last start of the watcher if that was later. */
export const delaysOf = (tasks: readonly TaskRecord[]): readonly number[] =>
  tasks.flatMap(({ endsAtMs, watches }) =>
    watches.flatMap(({ endedAtMs, resumedAtMs }) => (endsAtMs === null || endedAtMs === null ? [] : [endedAtMs - Math.max(endsAtMs, resumedAtMs)])),
  );

const missingEnd = ({ end }: WatchRecord, { expected }: TaskRecord): readonly string[] => (end === null ? [`no end, instead of ${expected}`] : []);

/** A task that disappeared before the first transition is `never known` instead of `gone`. */
const wrongEnd = ({ end, seen, endedAtMs, deadlineAtMs, resumedAtMs }: WatchRecord, { expected, endsAtMs }: TaskRecord, { latenessMs }: Rules): readonly string[] => {
  if (end === null) return [];
  const right = expected === 'gone' && seen.length === 0 ? 'never known' : expected;
  if (end !== right) return [`${end}, instead of ${right}`];
  const earliestAtMs = expected === 'deadline' ? deadlineAtMs : (endsAtMs ?? -Infinity);
  // After a restart one more poll comes before the deadline.
  const latestAtMs = expected === 'deadline' ? Math.max(deadlineAtMs, resumedAtMs) + 2 * longestRetryMs + latenessMs : Infinity;
  if ((endedAtMs ?? 0) < earliestAtMs) return [`${end}, ${earliestAtMs - (endedAtMs ?? 0)} ms too early`];
  return (endedAtMs ?? 0) > latestAtMs ? [`${end}, ${(endedAtMs ?? 0) - deadlineAtMs} ms after the deadline`] : [];
};

const errorText = ({ kind, reason, atMs }: WatchErrorRecord): string => `gave up at ${atMs} ms with ${kind}${reason === null ? '' : ` (${reason})`}`;

/** Whether the last results of a task allow its watch to give up, by the documentation. */
const isJustified = ({ kind, reason, atMs, exchanges: count }: WatchErrorRecord, { deadlineAtMs, away }: WatchRecord, { exchanges }: TaskRecord, { giveUpAfterMs }: Rules): boolean => {
  const polls = exchanges.slice(0, count).filter(({ result }) => result !== 'omitted');
  const wasWatching = ({ receivedAtMs, sentAtMs }: Exchange): boolean => !away.some(({ fromMs, toMs }) => fromMs <= (receivedAtMs ?? sentAtMs) && (receivedAtMs ?? sentAtMs) < toMs);
  // Results from a pause may count, because another watcher may have passed them on, but they need not.
  const lastAre = (number: number, ...results: readonly string[]): boolean => {
    const last = polls.filter((poll) => wasWatching(poll) || results.includes(poll.result)).slice(-number);
    return last.length === number && last.every(({ result }) => results.includes(result));
  };
  if (kind === 'gone') return lastAre(2, 'not-found');
  if (reason === 'rejected' && lastAre(2, 'not-found')) return true;
  if (reason === 'not-found' && lastAre(3, 'not-found')) return true;
  const sinceSuccess = polls.slice(polls.findLastIndex((poll) => poll.result === 'ok' && wasWatching(poll)) + 1);
  if (reason === 'unauthorized' && lastAre(1, 'unauthorized') && sinceSuccess.filter(({ result }) => result === 'unauthorized').length >= 3) return true;
  if (kind === 'timeout' && atMs >= deadlineAtMs) return true;
  if (reason !== null && !['unauthorized', 'not-found', 'rejected', 'rate-limited', 'server', 'empty', 'wrong-url'].includes(reason)) return false;
  const lastSuccess = polls.findLast((poll) => poll.result === 'ok' && wasWatching(poll));
  return lastAre(5, 'unauthorized', 'not-found', 'error', 'no-response') && atMs - (lastSuccess?.sentAtMs ?? -Infinity) >= giveUpAfterMs;
};

/**
 * The intervals below the minimum. A task that a list omits is polled again at once by a single request, and both count as one poll:
 * the interval before it ends at the list, and the interval after it starts at the single request.
 */
const tooSoon = (exchanges: readonly Exchange[], { minIntervalMs }: Rules): readonly string[] =>
  exchanges.flatMap((exchange, index) => {
    const before = exchanges[index - 1];
    if (before === undefined || (before.result === 'omitted' && exchange.by === 'single')) return [];
    const gapMs = exchange.sentAtMs - before.sentAtMs;
    return gapMs < minIntervalMs ? [`polled at ${exchange.sentAtMs} ms, ${gapMs} ms after the poll before`] : [];
  });

/** The snapshots that differ from the last good response: of transitions, of saved results, and of queries. */
const wrongSnapshots = ({ seen, states, queried }: WatchRecord, { exchanges }: TaskRecord): readonly string[] => {
  const good = exchanges.filter(({ said }) => said !== null).sort((a, b) => (a.receivedAtMs ?? 0) - (b.receivedAtMs ?? 0));
  const saidAt = (atMs: number): Said | null => good.findLast(({ receivedAtMs }) => (receivedAtMs ?? Infinity) <= atMs)?.said ?? null;
  const results = states.flatMap(({ atMs, state: { snapshot, sentAtMs, failureCount } }) => (snapshot === null || sentAtMs !== null || failureCount > 0 ? [] : [{ atMs, snapshot }]));
  return [...seen, ...results, ...queried].flatMap(({ atMs, snapshot }) => {
    const said = saidAt(atMs);
    const differences = said === null ? ['no response'] : Object.entries(saidBy(snapshot)).filter(([name, value]) => value !== said[name as keyof Said]).map(([name, value]) => `${name} ${value} instead of ${said[name as keyof Said]}`);
    return differences.length === 0 ? [] : [`at ${atMs} ms: ${differences.join(', ')}`];
  });
};

/** A snapshot in the terms of a response. */
const saidBy = ({ status, providerStatus, progress, usage, video }: SeenSnapshot): Said => ({
  word: providerStatus,
  status,
  link: video?.url ?? null,
  lastFrame: video?.lastFrameUrl ?? null,
  completionTokens: usage?.completionTokens ?? null,
  totalTokens: usage?.totalTokens ?? null,
  progress,
});

/** Progress never decreases, and is 1 exactly after the end. */
const wrongProgress = ({ states }: WatchRecord): readonly string[] =>
  states.flatMap(({ atMs, state: { progress, ended } }, index) => {
    const before = states[index - 1]?.state.progress ?? 0;
    return progress >= before && (progress === 1) === (ended === 'terminal') ? [] : [`${before}, then ${progress} at ${atMs} ms`];
  });

/**
 * The polls after more than twice the longest wait and two minutes, because other responses of the account may make it back off. A rate limit
 * doubles that. A request without a response counts until its timeout.
 */
const tooLate = ({ startedAtMs, endedAtMs, away }: WatchRecord, { exchanges, longestWaitMs, isLimited }: TaskRecord, { requestTimeoutMs, latenessMs }: Rules): readonly string[] => {
  const pauses = [{ fromMs: -Infinity, toMs: startedAtMs }, ...away, { fromMs: endedAtMs ?? Infinity, toMs: Infinity }];
  return pauses.slice(1).flatMap(({ fromMs: untilMs }, index) => {
    const sinceMs = pauses[index]?.toMs ?? 0;
    const polls = exchanges.filter(({ sentAtMs }) => sentAtMs >= sinceMs && sentAtMs < untilMs);
    return polls.flatMap(({ sentAtMs }, at) => {
      const before = polls[at - 1];
      const freeAtMs = before === undefined ? sinceMs : (before.receivedAtMs ?? before.sentAtMs + requestTimeoutMs);
      const mostMs = (isLimited ? 4 : 2) * (before?.result === 'ok' ? longestWaitMs : longestRetryMs) + longestRetryMs + latenessMs;
      return sentAtMs - freeAtMs <= mostMs ? [] : [`polled at ${sentAtMs} ms, ${sentAtMs - freeAtMs} ms after the result before`];
    });
  });
};

/** The polls after a time in which the watch should have given up, with a margin for the time in a queue, which does not count. */
const missingErrors = ({ startedAtMs, endedAtMs, away }: WatchRecord, { exchanges, isLimited }: TaskRecord, { giveUpAfterMs }: Rules): readonly string[] => {
  if (isLimited) return [];
  let failing: readonly Exchange[] = [];
  const isBroken = (fromMs: number, toMs: number): boolean => away.some((pause) => pause.fromMs < toMs && pause.toMs > fromMs);
  return exchanges.filter(({ sentAtMs }) => sentAtMs >= startedAtMs && sentAtMs < (endedAtMs ?? Infinity)).flatMap((exchange) => {
    const [first] = failing;
    const isOver = exchange.result === 'ok' || (first !== undefined && isBroken(first.sentAtMs, exchange.sentAtMs));
    failing = isOver ? [] : [...failing, exchange];
    const failingMs = exchange.sentAtMs - (failing[0]?.sentAtMs ?? exchange.sentAtMs);
    return failing.length > 6 && failingMs > giveUpAfterMs + 6 * longestRetryMs ? [`still polled at ${exchange.sentAtMs} ms, after ${failingMs} ms of errors`] : [];
  });
};

/** The longest wait after an error. */
const longestRetryMs = 120_000;

/** A watch from a terminal state tells the last transition once more, and sends no request. */
const wrongRepeat = ({ again, seen }: WatchRecord): readonly string[] => {
  if (again === null) return [];
  const last = seen.at(-1);
  const told = again.seen.map(({ from, to }) => `${from} → ${to}`).join(', ');
  const right = `${last?.from} → ${last?.to}`;
  return told === right && again.requests === 0 ? [] : [`${told} with ${again.requests} requests, instead of ${right}`];
};

/** A state that was not saved: the next one, saved before a request, counts one poll more than the last that was saved. */
const unsavedStates = ({ states }: WatchRecord): readonly string[] =>
  states.flatMap(({ atMs, state: { sentAtMs, polls } }, index) => {
    const before = states[index - 1]?.state.polls ?? 0;
    return sentAtMs === null || polls === before ? [] : [`${polls} polls at ${atMs} ms, and ${before} in the state before`];
  });

/** A given limit holds in any minute. */
const overLimit = ({ perMinute, requests }: KeyRecord, { readingMs }: Rules): readonly string[] =>
  perMinute === null
    ? []
    : requests.flatMap(({ sentAtMs }, index) => {
        const first = requests[index - perMinute];
        return first === undefined || sentAtMs - first.sentAtMs >= 60_000 - readingMs ? [] : [`more than ${perMinute} requests in the minute before ${sentAtMs} ms`];
      });

/** A client sends nothing with a key until the `Retry-After` of its last 429 is over. */
const brokenSilences = ({ requests }: KeyRecord, { readingMs }: Rules): readonly string[] =>
  requests.flatMap(({ receivedAtMs, retryAfterMs }) => {
    if (receivedAtMs === null || retryAfterMs === null) return [];
    const early = requests.find(({ sentAtMs }) => sentAtMs > receivedAtMs && sentAtMs < receivedAtMs + retryAfterMs - readingMs);
    return early === undefined ? [] : [`sent at ${early.sentAtMs} ms, ${early.sentAtMs - receivedAtMs} ms after a 429 with ${retryAfterMs} ms`];
  });

/** A client that finds a limit keeps to it. Finding it takes some hundred requests, of which many are refused: a key with fewer tells nothing. */
const manyRefusals = ({ isLimited, requests }: KeyRecord): readonly string[] => {
  const share = requests.filter(({ isOverLimit }) => isOverLimit).length / requests.length;
  return isLimited && requests.length >= 800 && share > 0.17 ? [`${Math.round(100 * share)}% of ${requests.length} requests over the limit`] : [];
};
