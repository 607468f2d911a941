/**
 * The state of a task in one response, as readonly plain data.
 * Instants and durations are milliseconds (instants since the epoch). `null` means that the response has no such value.
 */
import type { TaskStatus } from './status.js';

/** Identifies a task. `account` names one of several accounts of the same provider. */
export interface TaskRef<Provider extends string = string> {
  readonly provider: Provider;
  /** The provider's own id: opaque, sent as one percent-encoded path segment. */
  readonly id: string;
  readonly account?: string;
}

/** The finished video. Save it before `expiresAtMs`: then the link expires and the provider deletes the file. */
export interface Video {
  /** A signed http(s) URL. Fetch it without the API key, and keep its query as it is. */
  readonly url: string;
  readonly lastFrameUrl: string | null;
  /** The video before enhancement, if the provider keeps both. */
  readonly originalUrl: string | null;
  /** From the link's signature, else from the provider's retention; null when neither is known. */
  readonly expiresAtMs: number | null;
}

/** Why a task failed, as a word for programs to branch on. */
export type FailureReason = 'moderation' | 'invalid-input' | 'internal' | 'timeout' | 'quota' | 'unknown';

/** Why a task failed, as the provider reports it. */
export interface Failure {
  /** The provider's own code. */
  readonly code: string | null;
  /** Never empty and never a URL. */
  readonly message: string;
  readonly reason: FailureReason;
}

/** Tokens, as the provider counts them. */
export interface Usage {
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  /** The billed tokens: those after enhancement, else the completion tokens. */
  readonly billedTokens: number | null;
  /** The number of uses of each tool, by name. */
  readonly toolUsage: Readonly<Record<string, number>> | null;
}

/** The settings of the generation, as the provider reports them. */
export interface Settings {
  readonly seed: number | null;
  /** The final resolution, such as `720p`: after enhancement, if any. */
  readonly resolution: string | null;
  /** Such as `16:9`. */
  readonly ratio: string | null;
  readonly durationMs: number | null;
  readonly frames: number | null;
  readonly framesPerSecond: number | null;
  readonly hasAudio: boolean | null;
  readonly draft: boolean | null;
  readonly draftTaskId: string | null;
  /** Such as `default` or `flex`. */
  readonly serviceTier: string | null;
  readonly priority: number | null;
  readonly safetyIdentifier: string | null;
  /** The names of the tools used. */
  readonly tools: readonly string[] | null;
  /** The kind of generation, such as `referenceGenerate`. */
  readonly action: string | null;
}

/** The request that created the task, if the provider echoes it, with long strings such as data URLs cut. It contains the prompt: log it with care. */
export interface RequestEcho {
  readonly model: string | null;
  readonly content: readonly unknown[];
}

/** The inner task of an envelope, or the id in the response if it differs from the ref's. */
export interface Upstream {
  readonly id: string | null;
  /** The inner status, in the provider's own word. The outer status decides. */
  readonly status: string | null;
  /** The resolution before enhancement. */
  readonly resolution: string | null;
}

/** The fields of every snapshot. */
export interface SnapshotOf<Status extends TaskStatus> {
  /** Always the ref that was polled. */
  readonly task: TaskRef;
  readonly status: Status;
  /** The status in the provider's own word. */
  readonly providerStatus: string;
  /** 0 to 1, as reported; may decrease. */
  readonly progress: number | null;
  readonly model: string | null;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  /** When the provider last changed its record. It may stay the same while a task runs. */
  readonly updatedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** How long after its creation the provider expires the task. */
  readonly expiresAfterMs: number | null;
  /** When the provider expires the task. Also null if the response has no creation time. */
  readonly providerDeadlineAtMs: number | null;
  /** When the provider deletes its record of the task. */
  readonly recordExpiresAtMs: number | null;
  readonly usage: Usage | null;
  readonly settings: Settings;
  readonly requestId: string | null;
  /** The response's `object`, such as `video`. */
  readonly objectType: string | null;
  /** A message of the envelope or the gateway, other than a failure. */
  readonly notice: string | null;
  readonly request: RequestEcho | null;
  readonly upstream: Upstream | null;
}

/** A task that waits in the provider's queue. */
export interface QueuedSnapshot extends SnapshotOf<'queued'> {}

/** A task that runs. */
export interface RunningSnapshot extends SnapshotOf<'running'> {}

/** A task with a status that the provider does not document: see `providerStatus`. */
export interface UnknownSnapshot extends SnapshotOf<'unknown'> {}

/** A task that was cancelled. */
export interface CancelledSnapshot extends SnapshotOf<'cancelled'> {}

/** A task that the provider gave up: it waited or ran too long. */
export interface ExpiredSnapshot extends SnapshotOf<'expired'> {}

/** A task that has not finished. */
export type PendingSnapshot = QueuedSnapshot | RunningSnapshot | UnknownSnapshot;

/** A task that succeeded. `video` is null when the response has no link: it came too late, or a proxy hides the link. */
export interface SucceededSnapshot extends SnapshotOf<'succeeded'> {
  readonly video: Video | null;
}

/** A task that failed, and why. */
export interface FailedSnapshot extends SnapshotOf<'failed'> {
  readonly failure: Failure;
}

/**
 * The state of a task in one response: a union by `status`.
 *
 * @example if (snapshot.status === 'succeeded') save(snapshot.video)
 */
export type TaskSnapshot =
  | QueuedSnapshot
  | RunningSnapshot
  | UnknownSnapshot
  | SucceededSnapshot
  | FailedSnapshot
  | CancelledSnapshot
  | ExpiredSnapshot;

/** A snapshot and the parsed body that it was read from. In the body an integer beyond 2^53 is a string of its digits. */
export interface Reading {
  readonly snapshot: TaskSnapshot;
  readonly raw: unknown;
}

/** Whether two snapshots, or any two values of plain JSON, are equal. */
export const isEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  // `for…in` creates no list of names.
  for (const name in b) if (!(name in a)) return false;
  for (const name in a) if (!(name in b) || !isEqual(a[name as never], b[name as never])) return false; // any JSON object may come here
  return true;
};

/**
 * The key of a task for maps and caches. Two refs have the same key exactly when they identify the same task.
 *
 * @example const rows = new Map(tasks.map((task) => [taskKey(task), task]))
 */
export const taskKey = ({ provider, id, account }: TaskRef): string => JSON.stringify([provider, account ?? '', id]);
