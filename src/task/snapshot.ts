/**
 * What one answer says of a task, as readonly plain data. Knows no provider and no package.
 * Instants and durations are milliseconds (instants since the epoch); `null` means that the provider said nothing.
 */
import type { TaskStatus } from './status.js';

/** Which task is meant. `account` names one of several accounts of the same provider. */
export interface TaskRef<Provider extends string = string> {
  readonly provider: Provider;
  /** The provider's own id: opaque, sent as one percent-encoded path segment. */
  readonly id: string;
  readonly account?: string;
}

/** The finished video. Save it before `expiresAtMs`: the link dies, and the file with it. */
export interface Video {
  /** http(s), signed; fetch it without the API key and without rewriting its query. */
  readonly url: string;
  readonly lastFrameUrl: string | null;
  /** The clip before enhancement, where the provider keeps both. */
  readonly originalUrl: string | null;
  /** Read off the link's signature, else counted from the provider's retention; null when neither is known. */
  readonly expiresAtMs: number | null;
}

/** Why a task failed, as a word that programs can branch on. */
export type FailureReason = 'moderation' | 'invalid-input' | 'internal' | 'timeout' | 'quota' | 'unknown';

/** What the provider said of a failed task. */
export interface Failure {
  /** The provider's own code, dotted or not. */
  readonly code: string | null;
  /** Never empty and never a link. */
  readonly message: string;
  readonly reason: FailureReason;
}

/** Tokens, as counted by the provider. */
export interface Usage {
  readonly completionTokens: number | null;
  readonly totalTokens: number | null;
  /** The tokens that are billed: after enhancement where there is any, else the completion tokens. */
  readonly billedTokens: number | null;
  /** How often each tool was used, by the tool's name. */
  readonly toolUsage: Readonly<Record<string, number>> | null;
}

/** What the video was made with, as the provider reports it. */
export interface Settings {
  readonly seed: number | null;
  /** What the viewer gets, such as `720p`: after enhancement where there is any. */
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
  /** Names of the tools used. */
  readonly tools: readonly string[] | null;
  /** The kind of generation, such as `referenceGenerate`. */
  readonly action: string | null;
}

/** The request that made the task, where a provider echoes it. It holds the prompt: log it with care. */
export interface RequestEcho {
  readonly model: string | null;
  readonly content: readonly unknown[];
}

/** The inner task of an envelope, or the id in an answer where it is another than the one asked for. */
export interface Upstream {
  readonly id: string | null;
  /** The inner status word, untranslated: the outer one decides. */
  readonly status: string | null;
  /** The resolution before enhancement. */
  readonly resolution: string | null;
}

interface SnapshotOf<Status extends TaskStatus> {
  /** Always the ref that was asked for. */
  readonly task: TaskRef;
  readonly status: Status;
  /** The provider's own word. */
  readonly providerStatus: string;
  /** 0 to 1, as reported; may go back. */
  readonly progress: number | null;
  readonly model: string | null;
  readonly createdAtMs: number | null;
  readonly startedAtMs: number | null;
  /** When the provider last touched its record. No heartbeat: it may stand still while a task runs. */
  readonly updatedAtMs: number | null;
  readonly finishedAtMs: number | null;
  /** How long after the task's creation the provider gives it up. */
  readonly expiresAfterMs: number | null;
  /** When the provider itself gives the task up; null as well where it does not say when the task was created. */
  readonly providerDeadlineAtMs: number | null;
  /** When the provider forgets the task. */
  readonly recordExpiresAtMs: number | null;
  readonly usage: Usage | null;
  readonly settings: Settings;
  readonly requestId: string | null;
  /** The answer's `object`, such as `video`. */
  readonly objectType: string | null;
  /** An envelope's or a gateway's message that is no failure. */
  readonly notice: string | null;
  readonly request: RequestEcho | null;
  readonly upstream: Upstream | null;
}

/** A task that has not ended. */
export type PendingSnapshot = SnapshotOf<'queued'> | SnapshotOf<'running'> | SnapshotOf<'unknown'>;

/** A task that succeeded. `video` is null when the answer holds no link: a late read, or a proxy that hides it. */
export interface SucceededSnapshot extends SnapshotOf<'succeeded'> {
  readonly video: Video | null;
}

/** A task that failed, and why. */
export interface FailedSnapshot extends SnapshotOf<'failed'> {
  readonly failure: Failure;
}

/**
 * What one answer says of a task: a union by `status`.
 *
 * @example if (snapshot.status === 'succeeded') save(snapshot.video)
 */
export type TaskSnapshot =
  | PendingSnapshot
  | SucceededSnapshot
  | FailedSnapshot
  | SnapshotOf<'cancelled'>
  | SnapshotOf<'expired'>;

/** What one response says of a task, and the parsed body beside it. */
export interface Reading {
  readonly snapshot: TaskSnapshot;
  readonly raw: unknown;
}

/** Whether two snapshots, or any two values of plain JSON, say the same. */
export const saysTheSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  let fields = 0;
  for (const name in a) {
    if (!(name in b) || !saysTheSame(a[name as never], b[name as never])) return false; // no object's fields are known here
    fields += 1;
  }
  return fields === Object.keys(b).length;
};

/**
 * One text for one task: the same for two refs exactly when they mean the same task. For keys of maps, caches and rows.
 *
 * @example const rows = new Map(tasks.map((task) => [taskKey(task), task]))
 */
export const taskKey = ({ provider, id, account }: TaskRef): string => JSON.stringify([provider, account ?? '', id]);
