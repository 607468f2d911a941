/**
 * The client: accounts and a transport on one side, streams of what becomes of tasks on the other. A thin shell around the pure
 * watch state: it asks, waits by the scheduler's clock, and stops when it is told.
 */
import { isLeft } from 'fp-ts/Either';
import { asyncScheduler, defer, map, Observable, of } from 'rxjs';
import { checkFunction, checkPositive, isRecord } from '../checks.js';
import { passedTo } from '../poll/rest.js';
import { taskKey, type TaskRef, type TaskSnapshot } from '../task/snapshot.js';
import { type TaskTransition, transitionTo } from '../task/transition.js';
import { type Gate, openGate } from '../transport/gate.js';
import type { Transport } from '../transport/transport.js';
import { type Account, accountFinder } from './account.js';
import { lostAs } from '../state/errors.js';
import { askByLists } from './list-batch.js';
import { type Ask, askSingly, sender } from './question.js';
import { parseWatchState } from '../state/saved-state.js';
import { type LastRequest, SharedQuestions } from './shared-questions.js';
import { type Place, type Step, steps } from './steps.js';
import { type RuleOptions, watchRules, type WatchRules } from '../state/watch-rules.js';
import { advanceWatch, beginWatch, type WatchState } from '../state/watch-state.js';

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

/** How tasks of an account are asked about: by which rules, each by itself, or several together. */
interface Asker {
  readonly owner: Account;
  /** Of a watch that is told nothing of its own. */
  readonly rules: WatchRules;
  readonly singly: Ask;
  readonly ask: Ask;
  /** Its tasks that are watched. */
  readonly watched: Set<SharedQuestions>;
}

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
  const shared = new Map<string, SharedQuestions>();
  /** The last requests about tasks that nobody watches any more: whoever comes back, be it by `retry()`, keeps their floor. */
  const recent = new Map<string, LastRequest>();
  const askers = new Map<Account, Asker>();

  const askerOf = (ref: TaskRef): Asker => {
    const owner = accountOf(ref);
    const known = askers.get(owner);
    if (known !== undefined) return known;
    const send = sender(owner, transport, askTimeoutMs);
    const singly = askSingly(owner, send);
    const watched = new Set<SharedQuestions>();
    const ask = owner.batch ? askByLists(owner, { send, askSingly: singly, hasCompany: () => watched.size > 1 }) : singly;
    const asker = { owner, rules: watchRules(owner.provider, { ...defaults, baseUrl: owner.baseUrl }), singly, ask, watched };
    askers.set(owner, asker);
    return asker;
  };

  const rulesOf = ({ owner, rules }: Asker, own: RuleOptions): WatchRules =>
    Object.keys(own).length === 0
      ? rules
      : watchRules(owner.provider, { ...merged(defaults, own), baseUrl: owner.baseUrl });

  /** A place among the watchers of a task's questions, until it is left. */
  const join = (task: TaskRef, { owner, ask, watched }: Asker): Place => {
    const key = taskKey({ ...task, account: owner.name ?? '' });
    const questions = shared.get(key) ?? new SharedQuestions(task, ask, recent.get(key));
    shared.set(key, questions);
    watched.add(questions);
    questions.watchers += 1;
    let isIn = true;
    return {
      questions,
      leave: (isOver) => {
        questions.watchers -= Number(isIn);
        isIn = false;
        if ((!isOver && questions.watchers > 0) || shared.get(key) !== questions) return;
        shared.delete(key);
        watched.delete(questions);
        recent.delete(key);
        recent.set(key, questions.last);
        // The oldest come first.
        const now = asyncScheduler.now();
        for (const [past, { sentAtMs, floorMs }] of recent) {
          if (sentAtMs > now) continue; // the clock went back since
          if (sentAtMs + floorMs > now) break;
          recent.delete(past);
        }
      },
    };
  };

  const follow = (ref: TaskRef, { from, gate = openGate, save, ...own }: WatchOptions = {}): Observable<Step> => {
    const asker = askerOf(ref);
    const task = plainRef(ref);
    checkFunction('gate', gate);
    if (save !== undefined) checkFunction('save', save);
    const rules = rulesOf(asker, own);
    const saved = from === undefined ? null : givenMoreTime(checkedState(from, task, asker.owner), own.deadlineMs);
    if (saved?.ended === 'terminal') return of({ state: saved, transition: finalTransition(saved), seen: 0, isSeed: false });
    return defer(() => steps(join(task, asker), { task, rules, gate, save, saved }));
  };

  return {
    query: (ref) => {
      const { rules, singly } = askerOf(ref);
      const task = plainRef(ref);
      return defer(() => {
        const state = beginWatch(task, rules, asyncScheduler.now());
        const question = { task, dueAtMs: state.nextAskAtMs, serviceTier: null, isTroubled: false, gate: openGate, leave: () => true };
        return singly(question).pipe(
          map((answer) => {
            if (!isLeft(answer)) return answer.right;
            throw lostAs(answer.left.kind, advanceWatch(state, answer, rules, asyncScheduler.now()));
          }),
        );
      });
    },
    states: (ref, options) => follow(ref, options).pipe(choose(({ state, isSeed }) => (isSeed ? null : state))),
    watch: (ref, options) => follow(ref, options).pipe(choose(({ transition }) => transition)),
  };
};

/** What `pick` makes of each value, save where that is null. */
const choose =
  <From, To>(pick: (value: From) => To | null) =>
  (source: Observable<From>): Observable<To> =>
    new Observable((subscriber) =>
      source.subscribe(passedTo(subscriber, (value) => {
        const picked = pick(value);
        if (picked !== null) subscriber.next(picked);
      })),
    );

/** The last transition of a task whose end was saved. */
const finalTransition = ({ snapshot, previousStatus, askedAtMs, startedAtMs }: WatchState): TaskTransition | null =>
  snapshot === null ? null : transitionTo({ ...snapshot, raw: null }, previousStatus, askedAtMs ?? startedAtMs);

const merged = <Options extends Pick<RuleOptions, 'policy' | 'deadlineMs' | 'patienceMs'>>(defaults: Options, own: RuleOptions): RuleOptions => ({
  ...own,
  // What is no record is passed on, to be refused.
  policy: own.policy === undefined || isRecord(own.policy) ? { ...defaults.policy, ...own.policy } : own.policy,
  deadlineMs: own.deadlineMs ?? defaults.deadlineMs,
  patienceMs: own.patienceMs ?? defaults.patienceMs,
});

/** The ref without what else its object may hold. */
const plainRef = ({ provider, id, account }: TaskRef): TaskRef => {
  if (typeof id !== 'string' || id === '' || id === '.' || id === '..' || /[\ud800-\udfff]/u.test(id)) {
    throw new TypeError(`task.id must be a text other than '', '.' and '..', not ${typeof id === 'string' ? JSON.stringify(id) : String(id)}`);
  }
  return account == null ? { provider, id } : { provider, id, account }; // null: out of a database, say
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
