/**
 * Checks the records of a run. It does not use the library: its rules are written again from the documentation. Each fault names
 * its task, so that a run with the same seed reproduces it.
 */
import type { Exchange, WatchErrorRecord, TaskRecord, WatchRecord } from './records.js';

/** The rules for the records. */
export interface Rules {
  /** The minimum interval between two polls of one task, in ms. */
  readonly minIntervalMs: number;
  /** How long errors must last before a watch may give up, in ms. */
  readonly giveUpAfterMs: number;
}

/** The faults, one line each with the name of the task. All lists must be empty. */
export interface Faults {
  readonly missingEnds: readonly string[];
  readonly wrongEnds: readonly string[];
  readonly unjustifiedErrors: readonly string[];
  readonly pollsTooSoon: readonly string[];
  readonly duplicateEnds: readonly string[];
  readonly brokenSequences: readonly string[];
}

/** Checks all tasks of a run. */
export const check = (tasks: readonly TaskRecord[], rules: Rules): Faults => {
  const ofWatches = (find: (watch: WatchRecord, task: TaskRecord) => readonly string[]): readonly string[] =>
    tasks.flatMap((task) => task.watches.flatMap((watch, index) => find(watch, task).map((fault) => `${task.name} (watch ${index + 1}): ${fault}`)));
  return {
    missingEnds: ofWatches(missingEnd),
    wrongEnds: ofWatches(wrongEnd),
    unjustifiedErrors: ofWatches((watch, task) => watch.errors.filter((error) => !isJustified(error, watch, task, rules)).map(errorText)),
    pollsTooSoon: tasks.flatMap((task) => tooSoon(task.exchanges, rules).map((gap) => `${task.name}: ${gap}`)),
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
  };
};

/** How late each end was seen, in ms: from the end of the task, or from the last start of the watcher if that was later. */
export const delaysOf = (tasks: readonly TaskRecord[]): readonly number[] =>
  tasks.flatMap(({ endsAtMs, watches }) =>
    watches.flatMap(({ endedAtMs, resumedAtMs }) => (endsAtMs === null || endedAtMs === null ? [] : [endedAtMs - Math.max(endsAtMs, resumedAtMs)])),
  );

const missingEnd = ({ end }: WatchRecord, { expected }: TaskRecord): readonly string[] => (end === null ? [`no end, instead of ${expected}`] : []);

/** A task that disappeared before the first transition is `never known` instead of `gone`. */
const wrongEnd = ({ end, seen, endedAtMs, deadlineAtMs }: WatchRecord, { expected, endsAtMs }: TaskRecord): readonly string[] => {
  if (end === null) return [];
  const right = expected === 'gone' && seen.length === 0 ? 'never known' : expected;
  if (end !== right) return [`${end}, instead of ${right}`];
  const earliestAtMs = expected === 'deadline' ? deadlineAtMs : (endsAtMs ?? -Infinity);
  return (endedAtMs ?? 0) < earliestAtMs ? [`${end}, ${earliestAtMs - (endedAtMs ?? 0)} ms too early`] : [];
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
  if (reason !== null && !['unauthorized', 'not-found', 'rejected', 'rate-limited', 'server', 'empty'].includes(reason)) return false;
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
