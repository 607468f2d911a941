/**
 * Judges what a campaign has written down. Pure, and ignorant of the library: its rules are those of the documentation, written once
 * more. A fault is named by its task, so that a run with the same seed leads back to it.
 */
import type { Exchange, Loss, TaskRecord, WatchRecord } from './records.js';

/** What the records are held against. */
export interface Rules {
  /** The least between two questions about one task, in ms. */
  readonly minIntervalMs: number;
  /** How long troubles are borne, in ms. */
  readonly giveUpAfterMs: number;
}

/** What is wrong, each by a line that names its task. All are to be empty. */
export interface Faults {
  readonly endsLost: readonly string[];
  readonly wrongEnds: readonly string[];
  readonly unwarrantedLosses: readonly string[];
  readonly asksBelowFloor: readonly string[];
  readonly duplicateEnds: readonly string[];
  readonly brokenTails: readonly string[];
}

/** Judges all tasks of a campaign. */
export const judge = (tasks: readonly TaskRecord[], rules: Rules): Faults => {
  const ofWatches = (find: (watch: WatchRecord, task: TaskRecord) => readonly string[]): readonly string[] =>
    tasks.flatMap((task) => task.watches.flatMap((watch, index) => find(watch, task).map((fault) => `${task.name} (watch ${index + 1}): ${fault}`)));
  return {
    endsLost: ofWatches(endLost),
    wrongEnds: ofWatches(wrongEnd),
    unwarrantedLosses: ofWatches((watch, task) => watch.losses.filter((loss) => !isWarranted(loss, watch, task, rules)).map(lossText)),
    asksBelowFloor: tasks.flatMap((task) => belowFloor(task.exchanges, rules).map((gap) => `${task.name}: ${gap}`)),
    duplicateEnds: ofWatches(({ seen }) => {
      const ends = seen.filter(({ isTerminal }) => isTerminal).map(({ to }) => to);
      return ends.length > 1 ? [ends.join(', ')] : [];
    }),
    brokenTails: ofWatches(({ seen }) =>
      seen.flatMap(({ from, to }, index) => {
        const before = seen[index - 1];
        return from === (before?.to ?? null) && from !== to && before?.isTerminal !== true ? [] : [`${before?.to ?? 'nothing'}, then ${from ?? 'nothing'} → ${to}`];
      }),
    ),
  };
};

/** How late each end was seen, in ms: counted from the end of the task, or from when its watcher began or went on if that was later. */
export const delaysOf = (tasks: readonly TaskRecord[]): readonly number[] =>
  tasks.flatMap(({ endsAtMs, watches }) =>
    watches.flatMap(({ endedAtMs, resumedAtMs }) => (endsAtMs === null || endedAtMs === null ? [] : [endedAtMs - Math.max(endsAtMs, resumedAtMs)])),
  );

const endLost = ({ end }: WatchRecord, { expected }: TaskRecord): readonly string[] => (end === null ? [`no end, instead of ${expected}`] : []);

/** A task that vanished before anybody saw it is not `gone`: nobody knew it. */
const wrongEnd = ({ end, seen, endedAtMs, deadlineAtMs }: WatchRecord, { expected, endsAtMs }: TaskRecord): readonly string[] => {
  if (end === null) return [];
  const right = expected === 'gone' && seen.length === 0 ? 'never known' : expected;
  if (end !== right) return [`${end}, instead of ${right}`];
  const earliestAtMs = expected === 'deadline' ? deadlineAtMs : (endsAtMs ?? -Infinity);
  return (endedAtMs ?? 0) < earliestAtMs ? [`${end}, ${earliestAtMs - (endedAtMs ?? 0)} ms before it was so`] : [];
};

const lossText = ({ kind, reason, atMs }: Loss): string => `lost at ${atMs} ms by ${kind}${reason === null ? '' : ` (${reason})`}`;

/** Whether the last answers to a task are such that its watch may give up, as the documentation has it. */
const isWarranted = ({ kind, reason, atMs, exchanges: count }: Loss, { deadlineAtMs, away }: WatchRecord, { exchanges }: TaskRecord, { giveUpAfterMs }: Rules): boolean => {
  const answers = exchanges.slice(0, count).filter(({ result }) => result !== 'left out');
  const wasThere = ({ answeredAtMs, sentAtMs }: Exchange): boolean => !away.some(({ fromMs, toMs }) => fromMs <= (answeredAtMs ?? sentAtMs) && (answeredAtMs ?? sentAtMs) < toMs);
  // What others were told while it was away may have been passed on to it, or not.
  const lastAre = (number: number, ...results: readonly string[]): boolean => {
    const last = answers.filter((answer) => wasThere(answer) || results.includes(answer.result)).slice(-number);
    return last.length === number && last.every(({ result }) => results.includes(result));
  };
  if (kind === 'gone') return lastAre(2, 'unknown');
  if (reason === 'rejected' && lastAre(2, 'unknown')) return true;
  if (reason === 'not-found' && lastAre(3, 'unknown')) return true;
  const sinceTold = answers.slice(answers.findLastIndex((answer) => answer.result === 'told' && wasThere(answer)) + 1);
  if (reason === 'unauthorized' && lastAre(1, 'unauthorized') && sinceTold.filter(({ result }) => result === 'unauthorized').length >= 3) return true;
  if (kind === 'timeout' && atMs >= deadlineAtMs) return true;
  if (reason !== null && !['unauthorized', 'not-found', 'rejected', 'rate-limited', 'server', 'empty'].includes(reason)) return false;
  const lastTold = answers.findLast((answer) => answer.result === 'told' && wasThere(answer));
  return lastAre(5, 'unauthorized', 'unknown', 'trouble', 'nothing') && atMs - (lastTold?.sentAtMs ?? -Infinity) >= giveUpAfterMs;
};

/**
 * The gaps that are too short. A question that a list leaves out is asked again singly, at once: that is still the one question, so
 * the list counts for what came before it and the single request for what comes after.
 */
const belowFloor = (exchanges: readonly Exchange[], { minIntervalMs }: Rules): readonly string[] =>
  exchanges.flatMap((exchange, index) => {
    const before = exchanges[index - 1];
    if (before === undefined || (before.result === 'left out' && exchange.by === 'single')) return [];
    const gapMs = exchange.sentAtMs - before.sentAtMs;
    return gapMs < minIntervalMs ? [`asked at ${exchange.sentAtMs} ms, ${gapMs} ms after the question before`] : [];
  });
