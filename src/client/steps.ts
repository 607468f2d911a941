/**
 * One watch: its pure state, carried by `poll` from answer to answer. It asks, folds, saves, and stops when there is an end.
 */
import { isLeft, left, right } from 'fp-ts/Either';
import { asyncScheduler, defer, finalize, map, type Observable, of } from 'rxjs';
import { poll } from '../poll/poll.js';
import { within } from '../poll/rest.js';
import type { TaskRef } from '../task/snapshot.js';
import { type TaskTransition, transitionTo } from '../task/transition.js';
import type { Gate } from '../transport/gate.js';
import { lossOf } from '../state/errors.js';
import type { Answer } from './question.js';
import type { SharedQuestions } from './shared-questions.js';
import type { WatchRules } from '../state/watch-rules.js';
import { advanceWatch, askWatch, beginWatch, resumeWatch, waitMs, type WatchState } from '../state/watch-state.js';

/** A watch's state, the transition that the last answer made, and the number of that answer. */
export interface Step {
  readonly state: WatchState;
  readonly transition: TaskTransition | null;
  readonly seen: number;
  /** Whether no answer has been folded yet. */
  readonly isSeed: boolean;
}

/** One watcher's place among those of a task. */
export interface Place {
  readonly questions: SharedQuestions;
  /** Once. `isOver`: the task has ended, so that nobody may join these questions any more. */
  readonly leave: (isOver: boolean) => void;
}

/** What one watch is made of. */
export interface Watch {
  readonly task: TaskRef;
  readonly rules: WatchRules;
  readonly gate: Gate;
  readonly save: ((state: WatchState) => void) | undefined;
  /** A state to go on from. */
  readonly saved: WatchState | null;
}

/**
 * A watch, from now on, its seed first.
 *
 * Errors: the loss of the task, after the state that says so; what `save`, a policy or a gate throws.
 */
export const steps = ({ questions, leave }: Place, { task, rules, gate, save, saved }: Watch): Observable<Step> => {
  const now = asyncScheduler.now();
  const begun = saved === null ? beginWatch(task, rules, now) : resumeWatch(saved, rules, now);
  const latest = questions.latest;
  // A late watch wants a fresh answer to its one ask, and a restored one has counted the answers up to its last.
  let lateAsk = isLate(begun, now) ? begun.asks : null;
  const isKnown = latest !== null && saved !== null && (lateAsk !== null || latest.atMs <= (saved.askedAtMs ?? -Infinity));
  const seed: Step = { state: begun, transition: null, seen: isKnown ? latest.number : 0, isSeed: true };

  const wait = ({ state }: Step): number | 'done' => {
    const loss = lossOf(state);
    if (loss !== null) throw loss;
    const nowMs = asyncScheduler.now();
    if (state.asks === lateAsk) return waitMs({ ...state, deadlineAtMs: null }, nowMs);
    // It may have come while the last answer was saved and told.
    const deadlineHasCome = state.ended === null && state.deadlineAtMs !== null && state.deadlineAtMs <= Math.min(nowMs, state.nextAskAtMs);
    return deadlineHasCome ? 0 : waitMs(state, nowMs);
  };

  const folded = (before: WatchState, shared: Answer, seen: number, nowMs = asyncScheduler.now()): Step => {
    const answer = ownAnswer(shared, task);
    const { deadlineAtMs, asks } = before;
    // The computer slept through the deadline, with a question under way: as after a restore, one more is asked.
    const hasSlept = isLeft(answer) && asks !== lateAsk && deadlineAtMs !== null && nowMs - deadlineAtMs > longestLagMs;
    if (hasSlept) lateAsk = asks + 1;
    const advanced = advanceWatch(hasSlept ? { ...before, deadlineAtMs: null } : before, answer, rules, nowMs);
    const state = hasSlept ? { ...advanced, deadlineAtMs } : advanced;
    save?.(state);
    // Whoever watches again, be it out of the last value, asks again.
    if (state.ended !== null) leave(state.ended === 'terminal');
    const from = before.snapshot?.status ?? null;
    const changes = !isLeft(answer) && answer.right.status !== from;
    return { state, transition: changes ? transitionTo(answer.right, from, nowMs) : null, seen, isSeed: false };
  };

  /** The next answer, folded, or the deadline if that comes first. */
  const ask = ({ state, seen }: Step): Observable<Step> => {
    const hints = rules.hintsOf(state.snapshot);
    let asked = state;
    const own = {
      dueAtMs: state.nextAskAtMs,
      serviceTier: hints.serviceTier,
      isTroubled: state.failures > 0,
      gate,
      leave: () => {
        asked = askWatch(state, asyncScheduler.now());
        save?.(asked);
      },
    };
    const { floorMs } = rules.provider.pacing(hints);
    const answered = questions.next(seen, floorMs, own).pipe(map(({ answer, number }) => folded(asked, answer, number)));
    const { deadlineAtMs, nextAskAtMs } = state;
    if (deadlineAtMs === null || state.asks === lateAsk) return answered;
    // A timer may be a little ahead of the clock.
    const late = defer(() => of(folded(asked, deadlineCame, seen, Math.max(asyncScheduler.now(), deadlineAtMs))));
    // No question fits before it: it was waited for, and for what others are answered, be it in the very turn of the deadline.
    if (nextAskAtMs >= deadlineAtMs) return (questions.latest?.number ?? 0) > seen ? answered : late;
    const leftMs = deadlineAtMs - asyncScheduler.now();
    // The computer may have slept through the time of a question, and through the deadline: it is asked all the same.
    return leftMs <= 0 ? answered : answered.pipe(within(leftMs, late));
  };

  return poll(seed, { wait, ask, hurry: questions.arrivals }).pipe(finalize(() => { leave(false); }));
};

/** No timer of a computer that is awake is so late. */
const longestLagMs = 10_000;

/** Whether a restored watch is past its deadline. A question whose answer was lost with its program may be asked again, even if its floor ends after it. */
const isLate = ({ deadlineAtMs, sentAtMs, nextAskAtMs }: WatchState, nowMs: number): boolean =>
  deadlineAtMs !== null && deadlineAtMs <= (sentAtMs === null ? nowMs : Math.max(nowMs, nextAskAtMs));

/** The one account of a provider may be meant with its name and without it: a snapshot is always of the ref that was asked. */
const ownAnswer = (answer: Answer, task: TaskRef): Answer =>
  isLeft(answer) || answer.right.task.account === task.account ? answer : right({ ...answer.right, task });

const deadlineCame: Answer = /* @__PURE__ */ left({ kind: 'timeout', message: 'the deadline came first' });
