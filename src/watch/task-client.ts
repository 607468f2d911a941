/**
 * The client: accounts and a transport on one side, streams of what becomes of tasks on the other. A thin shell around the pure
 * watch state: it asks, waits by the scheduler's clock, and stops when it is told.
 */
import { isLeft, left, right } from 'fp-ts/Either';
import {
  asyncScheduler,
  concat,
  defer,
  filter,
  finalize,
  map,
  mergeMap,
  type Observable,
  of,
  race,
  skip,
  tap,
  throwError,
} from 'rxjs';
import { poll } from '../poll/poll.js';
import { rest } from '../poll/rest.js';
import { taskKey, type TaskRef, type TaskSnapshot } from '../task/snapshot.js';
import { type TaskTransition, transitionTo } from '../task/transition.js';
import type { Transport } from '../transport/transport.js';
import { type Account, accountFinder } from './account.js';
import { lossOf, lostAs } from './errors.js';
import type { Gate } from './gate.js';
import { askByLists } from './list-batch.js';
import { type Answer, type Ask, askSingly, sender } from './question.js';
import { type SharedQuestions, shareQuestions } from './shared-questions.js';
import { parseWatchState } from './saved-state.js';
import { checkFunction, checkPositive, isRecord, type RuleOptions, watchRules, type WatchRules } from './watch-rules.js';
import { advanceWatch, askWatch, beginWatch, resumeWatch, waitMs, type WatchState } from './watch-state.js';

/** What a client is made of. The options of all watches can be overruled by each. */
export interface TaskClientOptions<Id extends string> extends Pick<RuleOptions, 'policy' | 'deadlineMs' | 'patienceMs'> {
  readonly transport: Transport;
  readonly accounts: readonly Account<Id>[];
  /** How long one ask may take, in ms. Default: 30 s. */
  readonly askTimeoutMs?: number | undefined;
}

/** What one watch may be told. */
export interface WatchOptions extends Omit<RuleOptions, 'baseUrl'> {
  /** A saved state to go on from, with its deadline; a `deadlineMs` beside it moves that, counted from the same beginning. */
  readonly from?: WatchState | undefined;
  /** Decides when each question may leave; for limits that several watches share. Default: at once. */
  readonly gate?: Gate | undefined;
  /**
   * Keeps the watch's state, to go on from whatever becomes of the program. Called just before each question leaves and after its
   * answer, before that is emitted. What it throws is the error of the watch: what cannot be kept is not asked.
   */
  readonly save?: ((state: WatchState) => void) | undefined;
}

/** Follows tasks of the accounts it was made with. */
export interface TaskClient<Id extends string = string> {
  /**
   * One question, one answer.
   *
   * Cold: each subscription is one request.
   * Errors: `SeedanceError` for whatever is no snapshot; it is not asked again.
   */
  query(task: TaskRef<Id>): Observable<TaskSnapshot>;
  /**
   * The watch's state after every answer: good ones, troubles, the last one. Each can be saved and gone on from.
   *
   * Shared: watchers of one task share its requests; state, policy and deadline are each watcher's own.
   * Errors: as `watch`, after the state that says so.
   */
  states(task: TaskRef<Id>, options?: WatchOptions): Observable<WatchState>;
  /**
   * The task's changes of status; completes on a terminal one.
   *
   *     answers   --q--q--r--503--r--s
   *     watch     --q-----r----------(s|)
   *
   * Shared like `states`. Stopping to watch never cancels the task.
   * Errors: `SeedanceError`, when the end of the task could not be found out. It carries the state to go on from.
   * @example client.watch({ provider: 'anyfast', id }).subscribe(({ to }) => console.log(to))
   */
  watch(task: TaskRef<Id>, options?: WatchOptions): Observable<TaskTransition>;
}

/** A watch's state, the transition that the last answer made, and the number of that answer. */
interface Step {
  readonly state: WatchState;
  readonly transition: TaskTransition | null;
  readonly seen: number;
}

/** One watcher's share in the questions about a task. */
interface Watching {
  readonly questions: SharedQuestions;
  /** Once. `isOver`: the task has ended, so that nobody may join these questions any more. */
  readonly leave: (isOver: boolean) => void;
}

/** How an account's questions are asked: each by itself, or several together. */
interface Asker {
  readonly singly: Ask;
  readonly ask: Ask;
}

const openGate: Gate = (question) => question;

const saveNothing = (): void => undefined;

/**
 * A client for the tasks of some accounts.
 *
 * Errors: `TypeError` or `RangeError` for a bad option, at once; the methods throw the same way for a bad ref or option.
 * @example createTaskClient({ transport: fetchTransport(), accounts: [account(anyfast, { apiKey })] })
 */
export const createTaskClient = <Id extends string>({
  transport,
  accounts,
  askTimeoutMs = 30_000,
  ...defaults
}: TaskClientOptions<Id>): TaskClient<Id> => {
  if (typeof transport !== 'function') throw new TypeError(`transport must be a function, not ${typeof transport}`);
  checkPositive('askTimeoutMs', askTimeoutMs);
  const accountOf = accountFinder(accounts);
  accounts.forEach(({ provider }) => watchRules(provider, defaults));
  const askers = new Map<Account, Asker>();
  const askerFor = (owner: Account): Asker => {
    const known = askers.get(owner);
    if (known !== undefined) return known;
    const send = sender(owner, transport, askTimeoutMs);
    const singly = askSingly(owner, send);
    const ask = owner.batch ? askByLists(owner, { send, askSingly: singly, hasCompany: () => shared.size > 1 }) : singly;
    askers.set(owner, { singly, ask });
    return { singly, ask };
  };
  const shared = new Map<string, SharedQuestions & { watchers: number }>();
  /** The last requests about tasks that nobody watches any more: whoever comes back, be it by `retry()`, keeps their floor. */
  const recent = new Map<string, ReturnType<SharedQuestions['last']>>();

  /** A place among the watchers of a task's questions, until it is left. */
  const join = (task: TaskRef, owner: Account): Watching => {
    const key = taskKey({ ...task, account: owner.name ?? '' });
    const questions = shared.get(key) ?? { ...shareQuestions((question) => askerFor(owner).ask({ ...question, task }), recent.get(key)?.sentAtMs), watchers: 0 };
    shared.set(key, questions);
    questions.watchers += 1;
    let isIn = true;
    return {
      questions,
      leave: (isOver) => {
        questions.watchers -= Number(isIn);
        isIn = false;
        if ((!isOver && questions.watchers > 0) || shared.get(key) !== questions) return;
        shared.delete(key);
        recent.delete(key);
        recent.set(key, questions.last());
        // The oldest come first.
        for (const [past, { freeAtMs }] of recent) {
          if (freeAtMs > asyncScheduler.now()) break;
          recent.delete(past);
        }
      },
    };
  };

  const follow = (ref: TaskRef, { from, gate = openGate, save = saveNothing, ...own }: WatchOptions = {}): Observable<Step> => {
    const owner = accountOf(ref);
    const task = plainRef(ref);
    checkFunction('gate', gate);
    checkFunction('save', save);
    const rules = watchRules(owner.provider, { ...merged(defaults, own), baseUrl: owner.baseUrl });
    const saved = from === undefined ? null : givenMoreTime(checkedState(from, task, owner), own.deadlineMs);
    return defer(() => {
      const { questions, leave } = join(task, owner);
      const now = asyncScheduler.now();
      const state = saved === null ? beginWatch(task, rules, now) : resumeWatch(saved, rules, now);
      // A question whose answer was lost with its program may be asked again, even if its floor ends after the deadline.
      const isLate = state.deadlineAtMs !== null && state.deadlineAtMs <= (state.sentAtMs === null ? now : Math.max(now, state.nextAskAtMs));
      const latest = questions.latest();
      // A late watch wants a fresh answer to its one ask, and a restored one has counted the answers up to its last.
      const isKnown = latest !== null && saved !== null && (isLate || latest.atMs <= (saved.askedAtMs ?? -Infinity));
      const seed: Step = { state, transition: finalTransition(state), seen: isKnown ? latest.number : 0 };
      const lateAsk = isLate ? state.asks : null;
      const ask = asking(questions, rules, { gate, save, lateAsk });
      const wait = (step: Step): number | 'done' => waitMs(step.state.asks === lateAsk ? withoutDeadline(step.state) : step.state, asyncScheduler.now());
      return poll(seed, { wait, ask, hurry: questions.arrivals }).pipe(
        skip(state.ended === null ? 1 : 0),
        tap((step) => {
          if (step !== seed) save(step.state);
        }),
        mergeMap((step) => {
          // Whoever watches again, be it out of the last value, asks again.
          if (step.state.ended !== null) leave(step.state.ended === 'terminal');
          const loss = lossOf(step.state);
          return loss === null ? of(step) : concat(of(step), throwError(() => loss));
        }),
        finalize(() => {
          leave(false);
        }),
      );
    });
  };

  return {
    query: (ref) => {
      const owner = accountOf(ref);
      const task = plainRef(ref);
      const rules = watchRules(owner.provider, { ...defaults, baseUrl: owner.baseUrl });
      return defer(() => {
        const state = beginWatch(task, rules, asyncScheduler.now());
        const question = { task, dueAtMs: state.nextAskAtMs, serviceTier: null, isTroubled: false, gate: openGate, leave: () => true };
        return askerFor(owner).singly(question).pipe(
          map((answer) => {
            if (!isLeft(answer)) return answer.right;
            throw lostAs(answer.left.kind, advanceWatch(state, answer, rules, asyncScheduler.now()));
          }),
        );
      });
    },
    states: (ref, options) => follow(ref, options).pipe(map(({ state }) => state)),
    watch: (ref, options) =>
      follow(ref, options).pipe(
        map(({ transition }) => transition),
        filter((transition) => transition !== null),
      ),
  };
};

/** How the questions of one watch leave. */
interface Asking {
  readonly gate: Gate;
  readonly save: (state: WatchState) => void;
  /** The number of the one ask that a watch restored past its deadline may make. */
  readonly lateAsk: number | null;
}

/** One question of one watch: the next answer, folded, or the deadline if that comes first. */
const asking =
  (questions: SharedQuestions, rules: WatchRules, { gate, save, lateAsk }: Asking) =>
  ({ state, seen }: Step): Observable<Step> => {
    const hints = rules.hintsOf(state.snapshot);
    const own = {
      dueAtMs: state.nextAskAtMs,
      serviceTier: hints.serviceTier,
      isTroubled: state.failures > 0,
      gate,
      leave: () => { save(askWatch(state, asyncScheduler.now())); },
    };
    const fold = (shared: Answer, number: number): Step => {
      const answer = ownAnswer(shared, state.task);
      const nowMs = asyncScheduler.now();
      const from = state.snapshot?.status ?? null;
      const changes = !isLeft(answer) && answer.right.status !== from;
      const transition = changes ? transitionTo(answer.right, from, nowMs) : null;
      return { state: advanceWatch(state, answer, rules, nowMs), transition, seen: number };
    };
    const { floorMs } = rules.provider.pacing(hints);
    const answered = questions.next(seen, floorMs, own).pipe(map(({ answer, number }) => fold(answer, number)));
    const deadlineAtMs = state.deadlineAtMs ?? Infinity;
    const leftMs = deadlineAtMs - asyncScheduler.now();
    // The computer slept through the time of a question, and through the deadline: it is asked all the same.
    const isOverdue = leftMs <= 0 && state.nextAskAtMs < deadlineAtMs;
    if (leftMs === Infinity || isOverdue || state.asks === lateAsk) return answered;
    const late = defer(() => of(fold(deadlineCame, seen)));
    // One more turn at the deadline: an answer that comes in the same turn counts.
    return leftMs <= 0 ? late : race(answered, concat(rest(leftMs), rest(0), late));
  };

/** The one account of a provider may be meant with its name and without it: a snapshot is always of the ref that was asked. */
const ownAnswer = (answer: Answer, task: TaskRef): Answer =>
  isLeft(answer) || answer.right.task.account === task.account ? answer : right({ ...answer.right, task });

const deadlineCame: Answer = /* @__PURE__ */ left({ kind: 'timeout', message: 'the deadline came first' });

/** The last transition of a task whose end was saved. */
const finalTransition = ({ ended, snapshot, previousStatus, askedAtMs, startedAtMs }: WatchState): TaskTransition | null =>
  ended === 'terminal' && snapshot !== null
    ? transitionTo({ ...snapshot, raw: null }, previousStatus, askedAtMs ?? startedAtMs)
    : null;

const merged = <Options extends Pick<RuleOptions, 'policy' | 'deadlineMs' | 'patienceMs'>>(defaults: Options, own: RuleOptions): RuleOptions => ({
  ...own,
  // What is no record is passed on, to be refused.
  policy: own.policy === undefined || isRecord(own.policy) ? { ...defaults.policy, ...own.policy } : own.policy,
  deadlineMs: own.deadlineMs ?? defaults.deadlineMs,
  patienceMs: own.patienceMs ?? defaults.patienceMs,
});

const withoutDeadline = (state: WatchState): WatchState => ({ ...state, deadlineAtMs: null });

/** The ref without what else its object may hold. */
const plainRef = ({ provider, id, account }: TaskRef): TaskRef => {
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..' || /[\ud800-\udfff]/u.test(id)) {
    throw new TypeError(`task.id must be a text other than '', '.' and '..', not ${typeof id === 'string' ? JSON.stringify(id) : String(id)}`);
  }
  return account === undefined ? { provider, id } : { provider, id, account };
};

/** A deadline stays, save where this very watch is told another. */
const givenMoreTime = (saved: WatchState, deadlineMs: number | undefined): WatchState =>
  deadlineMs === undefined ? saved : { ...saved, deadlineAtMs: saved.startedAtMs + deadlineMs };

const checkedState = (from: WatchState, task: TaskRef, { baseUrl }: Account): WatchState => {
  const state = parseWatchState(from);
  if (taskKey(state.task) !== taskKey(task)) {
    throw new TypeError(`from.task must be the watched task ${taskKey(task)}, not ${taskKey(state.task)}`);
  }
  if (state.baseUrl !== baseUrl) throw new TypeError(`from.baseUrl must be the account's '${baseUrl}', not '${state.baseUrl}'`);
  return state;
};
