/**
 * The main entry point: follows Seedance video-generation tasks as RxJS streams.
 * @module
 */
export { isTerminal, taskStatuses, type TaskStatus, type TerminalStatus } from './task/status.js';
export {
  type CancelledSnapshot,
  type ExpiredSnapshot,
  type FailedSnapshot,
  type Failure,
  type FailureReason,
  type PendingSnapshot,
  type QueuedSnapshot,
  type Reading,
  type RequestEcho,
  type RunningSnapshot,
  type Settings,
  type SnapshotOf,
  type SucceededSnapshot,
  taskKey,
  type TaskRef,
  type TaskSnapshot,
  type UnknownSnapshot,
  type Upstream,
  type Usage,
  type Video,
} from './task/snapshot.js';
export type { TaskTransition, TransitionTo } from './task/transition.js';
export {
  atLeast,
  type Attempt,
  constantDelay,
  type DelayPolicy,
  expectedTimeDelay,
  exponentialDelay,
  jittered,
  limitAttempts,
  limitElapsed,
  maxOf,
  proportionalDelay,
} from './poll/delay-policy.js';
export { poll, type PollOptions } from './poll/poll.js';
export type { LaneStatus, QueueStatus, RateLimitOptions, WaitingFor } from './transport/request-queue.js';
export type { TransportLimits } from './transport/limits.js';
export { type HttpGet, type HttpRequest, type HttpResponse, type HttpWrite, type Transport, TransportError } from './transport/transport.js';
export type { Provider } from './wire/provider.js';
export type { ListPage, TaskList } from './wire/task-list.js';
export type { KeyHeader, TaskHints, Pacing, Retention, TierFactor, TimeRange } from './wire/facts.js';
export type { ReadFailure, ResponseReason } from './wire/error-response.js';
export { account, type Account, type AccountOptions, type BodyOf } from './client/account.js';
export { cancelTask, type CancelOutcome } from './client/cancel-task.js';
export { createTask, type CreateOptions } from './client/create-task.js';
export { type CreateOutcome, type CreationRecord, type CreationStore, type Eventually, parseCreationRecord, type RejectionReason } from './client/creation-record.js';
export { type ListFilter, listTasks, type SnapshotFor } from './client/list-tasks.js';
export type { Save } from './client/saver.js';
export { createTaskClient, type TaskClient, type TaskClientOptions, type WatchOptions } from './client/task-client.js';
export { isSeedanceError, SeedanceError, type SeedanceErrorKind, type WatchError } from './state/errors.js';
export { ofStatus, throwIfUnsuccessful } from './client/operators.js';
export { type Feed, type FeedCounts, type RowOf, type TaskRow, toFeed } from './feed/feed.js';
export { type FeedEvent, watchTasks, type WatchTasksOptions } from './feed/watch-tasks.js';
export type { Rows } from './feed/rows.js';
export { type Forecast, progressAt, type Progressing, remainingMs } from './state/progress.js';
export { type PollPolicy, type WatchConfigOptions, watchConfig, type WatchConfig } from './state/watch-config.js';
export {
  applyResult,
  type DeadlineKind,
  markSent,
  startWatch,
  type LastError,
  type WatchErrorKind,
  resumeWatch,
  shiftWatch,
  type PollError,
  nextDelayMs,
  type WatchState,
} from './state/watch-state.js';
export { parseWatchState } from './state/stored.js';
