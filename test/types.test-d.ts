/**
 * What the compiler promises to users. Checked by `tsc`: nothing here is ever run.
 */
import type { Either } from 'fp-ts/Either';
import type { Observable, OperatorFunction } from 'rxjs';
import { expectTypeOf } from 'vitest';
import {
  account,
  advanceWatch,
  beginWatch,
  constantDelay,
  createTaskClient,
  type DelayPolicy,
  type Failure,
  type Feed,
  type FeedEvent,
  isSeedanceError,
  isTerminal,
  type LastTrouble,
  ofStatus,
  parseWatchState,
  type ReadFailure,
  resumeWatch,
  type Rows,
  type SeedanceError,
  type SeedanceErrorKind,
  type StoredSnapshot,
  type TaskClient,
  type TaskRef,
  type TaskRow,
  type TaskSnapshot,
  type TaskStatus,
  type TaskTransition,
  type TerminalStatus,
  throwIfUnsuccessful,
  toFeed,
  type TransitionTo,
  type Transport,
  type Trouble,
  type Video,
  waitMs,
  watchRules,
  type WatchRules,
  type WatchState,
  watchTasks,
} from 'rx-seedance';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';

declare const transport: Transport;
declare const client: TaskClient<'ark' | 'anyfast'>;
declare const status: TaskStatus;
declare const snapshot: TaskSnapshot;
declare const transition: TaskTransition;
declare const state: WatchState;
declare const rules: WatchRules;
declare const feed: Feed;
declare const event: FeedEvent;
declare const caught: unknown;
declare const answer: Either<Trouble, TaskSnapshot>;

// statuses
expectTypeOf<TaskStatus>().toEqualTypeOf<'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'unknown'>();
expectTypeOf<TerminalStatus>().toEqualTypeOf<'succeeded' | 'failed' | 'cancelled' | 'expired'>();
if (isTerminal(status)) expectTypeOf(status).toEqualTypeOf<TerminalStatus>();
else expectTypeOf(status).toEqualTypeOf<'queued' | 'running' | 'unknown'>();

// a snapshot narrows by its status
if (snapshot.status === 'succeeded') expectTypeOf(snapshot.video).toEqualTypeOf<Video | null>();
if (snapshot.status === 'failed') expectTypeOf(snapshot.failure).toEqualTypeOf<Failure>();
// @ts-expect-error a snapshot of any status has no video
void snapshot.video;
// @ts-expect-error snapshots are readonly
snapshot.progress = 1;
expectTypeOf<StoredSnapshot>().not.toHaveProperty('raw');
expectTypeOf<TaskSnapshot>().toExtend<StoredSnapshot>();

// a transition narrows by `to`
if (transition.to === 'succeeded') {
  expectTypeOf(transition).toEqualTypeOf<TransitionTo<'succeeded'>>();
  expectTypeOf(transition.snapshot.video).toEqualTypeOf<Video | null>();
}
if (transition.to === 'failed') expectTypeOf(transition.snapshot.failure).toEqualTypeOf<Failure>();
expectTypeOf(transition.from).toEqualTypeOf<TaskStatus | null>();

// the client knows the providers of its accounts
const made = createTaskClient({ transport, accounts: [account(ark, { apiKey: 'key' }), account(anyfast, { apiKey: () => 'key' })] });
expectTypeOf(made).toEqualTypeOf<TaskClient<'ark' | 'anyfast'>>();
expectTypeOf(made.watch).parameter(0).toEqualTypeOf<TaskRef<'ark' | 'anyfast'>>();
expectTypeOf(made.query({ provider: 'ark', id: '1' })).toEqualTypeOf<Observable<TaskSnapshot>>();
expectTypeOf(made.states({ provider: 'ark', id: '1' })).toEqualTypeOf<Observable<WatchState>>();
expectTypeOf(made.watch({ provider: 'ark', id: '1' })).toEqualTypeOf<Observable<TaskTransition>>();
// @ts-expect-error there is no account of this provider
made.watch({ provider: 'yescale', id: '1' });
// @ts-expect-error a key is said, or null
account(ark, {});
account(ark, { apiKey: null });
made.watch({ provider: 'ark', id: '1' }, { from: state, deadlineMs: 60_000, expect: { serviceTier: 'flex' }, policy: { interval: constantDelay(15_000) } });

// operators
const finished = made.watch({ provider: 'ark', id: '1' }).pipe(ofStatus('succeeded'));
expectTypeOf(finished).toEqualTypeOf<Observable<TransitionTo<'succeeded'>>>();
const ended = made.watch({ provider: 'ark', id: '1' }).pipe(ofStatus('succeeded', 'failed'));
expectTypeOf(ended).toEqualTypeOf<Observable<TransitionTo<'succeeded'> | TransitionTo<'failed'>>>();
// @ts-expect-error a provider's own word is no status
ofStatus('SUCCESS');
expectTypeOf(made.watch({ provider: 'ark', id: '1' }).pipe(throwIfUnsuccessful())).toEqualTypeOf<Observable<TaskTransition>>();
expectTypeOf(watchTasks(client)).toEqualTypeOf<OperatorFunction<TaskRef<'ark' | 'anyfast'>, FeedEvent>>();
expectTypeOf(watchTasks(client, { concurrency: 4, watch: ({ id }) => (id === '1' ? { from: state } : {}) })).toExtend<
  OperatorFunction<TaskRef<'ark'>, FeedEvent>
>();
expectTypeOf(toFeed()).toEqualTypeOf<OperatorFunction<FeedEvent, Feed>>();

// events and feeds
expectTypeOf<FeedEvent['kind']>().toEqualTypeOf<'transition' | 'progress' | 'trouble' | 'lost'>();
if (event.kind === 'transition' && event.transition.to === 'failed') expectTypeOf(event.transition.snapshot.failure).toEqualTypeOf<Failure>();
if (event.kind === 'trouble') expectTypeOf(event.trouble).toEqualTypeOf<LastTrouble>();
expectTypeOf(feed.counts).toEqualTypeOf<Readonly<Record<TaskStatus | 'lost', number>>>();
expectTypeOf(feed.tasks).toEqualTypeOf<Rows<TaskRow>>();
expectTypeOf([...feed.tasks]).toEqualTypeOf<TaskRow[]>();
expectTypeOf(feed.tasks.get({ provider: 'ark', id: '1' })).toEqualTypeOf<TaskRow | undefined>();
// @ts-expect-error feeds are readonly
feed.counts.queued = 1;

// errors
if (isSeedanceError(caught)) {
  expectTypeOf(caught).toExtend<SeedanceError>();
  expectTypeOf(caught.kind).toEqualTypeOf<SeedanceErrorKind>();
  expectTypeOf(caught.state).toEqualTypeOf<WatchState | null>();
  expectTypeOf(caught.lastSnapshot).toEqualTypeOf<StoredSnapshot | null>();
}
if (isSeedanceError(caught, 'timeout')) expectTypeOf(caught.kind).toEqualTypeOf<'timeout'>();
// @ts-expect-error there is no such kind
isSeedanceError(caught, 'failed');

// the pure core
expectTypeOf(watchRules(ark)).toEqualTypeOf<WatchRules>();
expectTypeOf(beginWatch({ provider: 'ark', id: '1' }, rules, 0)).toEqualTypeOf<WatchState>();
expectTypeOf(advanceWatch(state, ark.read(state.task, { status: 200, headers: {}, body: '' }), rules, 0)).toEqualTypeOf<WatchState>();
expectTypeOf(advanceWatch).parameter(1).toEqualTypeOf(answer);
expectTypeOf(waitMs(state, 0)).toEqualTypeOf<number | 'done'>();
expectTypeOf(resumeWatch(parseWatchState('{}'), rules, 0)).toEqualTypeOf<WatchState>();
expectTypeOf(parseWatchState).parameter(0).toEqualTypeOf<unknown>();
expectTypeOf<ReadFailure>().toExtend<Trouble>();
expectTypeOf<Trouble['kind']>().toEqualTypeOf<'decode' | 'response' | 'transport' | 'timeout'>();
// @ts-expect-error states are readonly
state.asks = 1;

// policies
expectTypeOf(constantDelay(1)).toEqualTypeOf<DelayPolicy>();
expectTypeOf<DelayPolicy>().toExtend<DelayPolicy<TaskSnapshot>>();
watchRules(ark, { policy: { interval: ({ latest }) => (latest?.status === 'queued' ? 30_000 : 'stop') } });
// @ts-expect-error a policy gives ms or 'stop'
watchRules(ark, { policy: { interval: () => 'soon' } });
