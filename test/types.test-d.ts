/**
 * Tests of the public types. `npm run typecheck` runs them: a wrong type is an error in the argument of `expectTypeOf`, and an accepted
 * mistake is an unused `@ts-expect-error`, which is an error too. Vitest does not run this file.
 */
import type { Either } from 'fp-ts/Either';
import { from, map, type Observable, of, type OperatorFunction } from 'rxjs';
import { expectTypeOf } from 'vitest';
import {
  account,
  type Account,
  applyResult,
  startWatch,
  constantDelay,
  createTaskClient,
  type DelayPolicy,
  type Failure,
  type Feed,
  type FeedEvent,
  isSeedanceError,
  isTerminal,
  type LastError,
  ofStatus,
  parseWatchState,
  type PendingSnapshot,
  type ReadFailure,
  resumeWatch,
  type Rows,
  type SeedanceError,
  type SeedanceErrorKind,
  type TaskSnapshot,
  type SucceededSnapshot,
  type TaskClient,
  type TaskRef,
  type TaskRow,
  type Reading,
  type TaskStatus,
  type TaskTransition,
  type TerminalStatus,
  throwIfUnsuccessful,
  toFeed,
  type TransitionTo,
  type Transport,
  type PollError,
  type Video,
  nextDelayMs,
  watchConfig,
  type WatchConfig,
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
declare const config: WatchConfig;
declare const feed: Feed;
declare const event: FeedEvent;
declare const caught: unknown;
declare const anyText: string;
declare const manyAccounts: readonly Account[];
declare const isOver: readonly TerminalStatus[];
declare const result: Either<PollError, Pick<Reading, 'snapshot'>>;

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
if (snapshot.status === 'cancelled') {
  // @ts-expect-error a cancelled task has no failure
  void snapshot.failure;
}
if (snapshot.status === 'queued' || snapshot.status === 'running' || snapshot.status === 'unknown') {
  expectTypeOf(snapshot).toEqualTypeOf<PendingSnapshot>();
}
// @ts-expect-error a provider's own word is in `providerStatus`, never in `status`
void (snapshot.status === 'SUCCESS');
// @ts-expect-error snapshots are readonly
snapshot.progress = 1;
// @ts-expect-error their fields are readonly too
snapshot.settings.seed = 1;
// the body has no known type
expectTypeOf(transition.raw).toBeUnknown();
// @ts-expect-error check the body before use
void transition.raw.status;
/** Does not compile if a status is missing. */
export const wordOf = ({ status: word }: TaskSnapshot): number => {
  switch (word) {
    case 'queued': case 'running': case 'unknown': return 0;
    case 'succeeded': return 1;
    case 'failed': case 'cancelled': case 'expired': return 2;
  }
};
expectTypeOf<TaskSnapshot>().not.toHaveProperty('raw');

// a transition narrows by `to`
if (transition.to === 'succeeded') {
  expectTypeOf(transition).toEqualTypeOf<TransitionTo<'succeeded'>>();
  expectTypeOf(transition.snapshot.video).toEqualTypeOf<Video | null>();
}
if (transition.to === 'failed') expectTypeOf(transition.snapshot.failure).toEqualTypeOf<Failure>();
if (transition.to === 'expired') {
  expectTypeOf(transition.snapshot.status).toEqualTypeOf<'expired'>();
  // @ts-expect-error an expired task has no video
  void transition.snapshot.video;
}
// @ts-expect-error a transition to any status has no failure
void transition.snapshot.failure;
// @ts-expect-error the status of the snapshot is that of the transition
export const mixed: TransitionTo<'failed'> = { task: snapshot.task, from: null, to: 'succeeded', snapshot, atMs: 0, raw: null };
expectTypeOf<TransitionTo<'succeeded'>['snapshot']>().toEqualTypeOf<SucceededSnapshot>();
expectTypeOf(transition.from).toEqualTypeOf<TaskStatus | null>();

// the client knows the providers of its accounts
const made = createTaskClient({ transport, accounts: [account(ark, { apiKey: 'key' }), account(anyfast, { apiKey: () => 'key' })] });
expectTypeOf(made).toEqualTypeOf<TaskClient<'ark' | 'anyfast'>>();
expectTypeOf(made.watch).parameter(0).toEqualTypeOf<TaskRef<'ark' | 'anyfast'>>();
expectTypeOf(made.query({ provider: 'ark', id: '1' })).toEqualTypeOf<Observable<TaskSnapshot & { readonly raw: unknown }>>();
expectTypeOf(made.states({ provider: 'ark', id: '1' })).toEqualTypeOf<Observable<WatchState>>();
expectTypeOf(made.watch({ provider: 'ark', id: '1' })).toEqualTypeOf<Observable<TaskTransition>>();
// @ts-expect-error there is no account of this provider
made.watch({ provider: 'yescale', id: '1' });
// @ts-expect-error nor for a query
made.query({ provider: 'yescale', id: '1' });
// @ts-expect-error nor for a stream of refs
void of({ provider: 'yescale', id: '1' } as const).pipe(watchTasks(made));
// @ts-expect-error a string is not a provider id
made.states({ provider: anyText, id: '1' });
// @ts-expect-error a ref has an id
made.watch({ provider: 'ark' });
expectTypeOf(createTaskClient({ transport, accounts: [account(ark, { apiKey: null, name: 'a' }), account(ark, { apiKey: null, name: 'b' })] })).toEqualTypeOf<TaskClient<'ark'>>();
expectTypeOf(createTaskClient({ transport, accounts: manyAccounts })).toEqualTypeOf<TaskClient>();
// a client of some providers is assignable to TaskClient: methods are bivariant on purpose
expectTypeOf(made).toExtend<TaskClient>();
// @ts-expect-error an option that does not exist
createTaskClient({ transport, accounts: manyAccounts, deadline: 1 });
// @ts-expect-error apiKey is required
account(ark, {});
account(ark, { apiKey: null });
made.watch({ provider: 'ark', id: '1' }, { resumeFrom: state, deadlineMs: 60_000, expected: { serviceTier: 'flex' }, policy: { interval: constantDelay(15_000) } });

// operators
const finished = made.watch({ provider: 'ark', id: '1' }).pipe(ofStatus('succeeded'));
expectTypeOf(finished).toEqualTypeOf<Observable<TransitionTo<'succeeded'>>>();
const ended = made.watch({ provider: 'ark', id: '1' }).pipe(ofStatus('succeeded', 'failed'));
expectTypeOf(ended).toEqualTypeOf<Observable<TransitionTo<'succeeded'> | TransitionTo<'failed'>>>();
// @ts-expect-error a provider's own word is not a status
ofStatus('SUCCESS');
expectTypeOf(made.watch({ provider: 'ark', id: '1' }).pipe(throwIfUnsuccessful())).toEqualTypeOf<Observable<TaskTransition>>();
expectTypeOf(made.watch({ provider: 'ark', id: '1' }).pipe(throwIfUnsuccessful(), ofStatus('succeeded'), map(({ snapshot }) => snapshot.video))).toEqualTypeOf<
  Observable<Video | null>
>();
made.watch({ provider: 'ark', id: '1' }).pipe(ofStatus(...isOver)).subscribe(({ to }) => expectTypeOf(to).toEqualTypeOf<TerminalStatus>());
expectTypeOf(of({ provider: 'ark', id: '1' } as const).pipe(watchTasks(client), toFeed())).toEqualTypeOf<Observable<Feed>>();
// @ts-expect-error toFeed takes events, not transitions
void made.watch({ provider: 'ark', id: '1' }).pipe(toFeed());
// @ts-expect-error ofStatus takes transitions, not events
void of({ provider: 'ark', id: '1' } as const).pipe(watchTasks(client), ofStatus('succeeded'));
void from(['1', '2'].map(ark.task)).pipe(watchTasks(client));
expectTypeOf(ark.task).toEqualTypeOf<(id: string) => TaskRef<'ark'>>();
expectTypeOf(watchTasks(client)).toEqualTypeOf<OperatorFunction<TaskRef<'ark' | 'anyfast'>, FeedEvent>>();
expectTypeOf(watchTasks(client, { watch: ({ id }) => (id === '1' ? { resumeFrom: state } : {}) })).toExtend<
  OperatorFunction<TaskRef<'ark'>, FeedEvent>
>();
expectTypeOf(toFeed()).toEqualTypeOf<OperatorFunction<FeedEvent, Feed>>();

// events and feeds
expectTypeOf<FeedEvent['kind']>().toEqualTypeOf<'added' | 'transition' | 'progress' | 'retry' | 'error' | 'removed'>();
if (event.kind === 'transition' && event.transition.to === 'failed') expectTypeOf(event.transition.snapshot.failure).toEqualTypeOf<Failure>();
if (event.kind === 'retry') expectTypeOf(event.lastError).toEqualTypeOf<LastError>();
expectTypeOf(feed.counts).toEqualTypeOf<Readonly<Record<TaskStatus | 'notPolled' | 'errored', number>>>();
expectTypeOf(feed.tasks).toEqualTypeOf<Rows<TaskRow>>();
expectTypeOf([...feed.tasks]).toEqualTypeOf<TaskRow[]>();
// a row narrows by its status
for (const row of feed.tasks) {
  if (row.status === 'succeeded') expectTypeOf(row.snapshot.video).toEqualTypeOf<Video | null>();
  if (row.status === 'failed') expectTypeOf(row.snapshot.failure).toEqualTypeOf<Failure>();
  if (row.status === null) expectTypeOf(row.snapshot).toEqualTypeOf<null>();
}
expectTypeOf(feed.tasks.get({ provider: 'ark', id: '1' })).toEqualTypeOf<TaskRow | undefined>();
// @ts-expect-error feeds are readonly
feed.counts.queued = 1;

// errors
if (isSeedanceError(caught)) {
  expectTypeOf(caught).toExtend<SeedanceError>();
  expectTypeOf(caught.kind).toEqualTypeOf<SeedanceErrorKind>();
  expectTypeOf(caught.state).toEqualTypeOf<WatchState | null>();
  expectTypeOf(caught.lastSnapshot).toEqualTypeOf<TaskSnapshot | null>();
}
if (isSeedanceError(caught, 'timeout')) expectTypeOf(caught.kind).toEqualTypeOf<'timeout'>();
// @ts-expect-error not an error kind
isSeedanceError(caught, 'failed');

// the pure core
expectTypeOf(watchConfig(ark)).toEqualTypeOf<WatchConfig>();
expectTypeOf(startWatch({ provider: 'ark', id: '1' }, config, 0)).toEqualTypeOf<WatchState>();
expectTypeOf(applyResult(state, ark.read(state.task, { status: 200, headers: {}, body: '' }), config, 0)).toEqualTypeOf<WatchState>();
expectTypeOf(applyResult).parameter(1).toEqualTypeOf(result);
expectTypeOf(nextDelayMs(state, 0)).toEqualTypeOf<number | 'done'>();
expectTypeOf(resumeWatch(parseWatchState('{}'), config, 0)).toEqualTypeOf<WatchState>();
expectTypeOf(parseWatchState).parameter(0).toEqualTypeOf<unknown>();
expectTypeOf<ReadFailure>().toExtend<PollError>();
expectTypeOf<PollError['kind']>().toEqualTypeOf<'decode' | 'response' | 'transport' | 'timeout'>();
// @ts-expect-error states are readonly
state.polls = 1;

// policies
expectTypeOf(constantDelay(1)).toEqualTypeOf<DelayPolicy>();
expectTypeOf<DelayPolicy>().toExtend<DelayPolicy<TaskSnapshot>>();
watchConfig(ark, { policy: { interval: ({ latest }) => (latest?.status === 'queued' ? 30_000 : 'stop') } });
// @ts-expect-error a policy returns ms or 'stop'
watchConfig(ark, { policy: { interval: () => 'soon' } });
