/** The texts for statuses, times and errors. */
import { HttpErrorResponse } from '@angular/common/http';
import { remainingMs, type TaskRow, type Video } from 'rx-seedance';
import type { IconName } from './icons';

/** A task's status, `error` if it could not be followed, or `waiting` if it was not polled yet. */
export type Standing = NonNullable<TaskRow['status']> | 'error' | 'waiting';

export const standingOf = ({ status, error }: TaskRow): Standing => (error !== null ? 'error' : (status ?? 'waiting'));

/** What a filter shows together. */
export type Group = 'active' | 'succeeded' | 'failed' | 'cancelled';

export const groups: readonly Group[] = ['active', 'succeeded', 'failed', 'cancelled'];

/** How the page shows a standing. */
interface Look {
  readonly label: string;
  readonly icon: IconName;
  readonly group: Group;
}

const looks: Readonly<Record<Standing, Look>> = {
  waiting: { label: 'Waiting for the first poll', icon: 'clock', group: 'active' },
  queued: { label: 'Queued', icon: 'clock', group: 'active' },
  running: { label: 'Running', icon: 'running', group: 'active' },
  unknown: { label: 'Unknown status', icon: 'unknown', group: 'active' },
  succeeded: { label: 'Succeeded', icon: 'done', group: 'succeeded' },
  failed: { label: 'Failed', icon: 'alert', group: 'failed' },
  expired: { label: 'Expired', icon: 'expired', group: 'failed' },
  error: { label: 'Lost', icon: 'lost', group: 'failed' },
  cancelled: { label: 'Cancelled', icon: 'cancel', group: 'cancelled' },
};

export const lookOf = (row: TaskRow): Look => looks[standingOf(row)];

export const isActive = (row: TaskRow): boolean => lookOf(row).group === 'active';

/** The finished video; null before that, and if the response holds no link. */
export const videoOf = ({ snapshot }: TaskRow): Video | null => (snapshot?.status === 'succeeded' ? snapshot.video : null);

/** A share from 0 to 1 as a whole percentage. Only the whole is 100: the addend makes up for 0.29 × 100 < 29 in floating point. */
export const percentOf = (share: number): number => Math.floor(share * 100 + 1e-12);

/** `4 s`, `2 min 5 s`, `3 h 20 min`, `6 d 23 h` */
export const span = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = (many: number, unit: string, few: number, smaller: string): string => (few === 0 ? `${many} ${unit}` : `${many} ${unit} ${few} ${smaller}`);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return parts(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  if (seconds < 48 * 3600) return parts(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min');
  return parts(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3600), 'h');
};

/** The length of a video, as players show it: `0:05`. */
export const playTime = (ms: number): string => `${Math.floor(ms / 60_000)}:${String(Math.round(ms / 1000) % 60).padStart(2, '0')}`;

/** `just now`, `5 min ago`, `3 h ago`, `2 d ago` */
export const ago = (ms: number): string => {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 48 * 60 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} d ago`;
};

/** A message without HTML tags and repeated lines. */
const plain = (message: string): string => [...new Set(message.split(/<[^>]*>/).map((part) => part.trim()))].filter((part) => part !== '').join(' · ');

/** When a task was created. */
export const createdAtMs = ({ snapshot, addedAtMs }: TaskRow): number => snapshot?.createdAtMs ?? addedAtMs;

/** How long a task has taken, or took until its end. */
export const elapsedMs = (row: TaskRow, nowMs: number): number =>
  Math.max(0, (row.snapshot?.finishedAtMs ?? row.endedAtMs ?? nowMs) - createdAtMs(row));

/** How much longer a task is expected to run, such as `1–3 min left`; null while nothing is known. */
export const leftText = (row: TaskRow, nowMs: number): string | null => {
  const left = isActive(row) ? remainingMs(row, nowMs) : null;
  if (left === null) return null;
  if (left.minMs < 1000) return `Up to ${roughly(left.maxMs)} left`;
  const [min, max] = [roughly(left.minMs), roughly(left.maxMs)];
  const [least, unit] = min.split(' ');
  return min === max ? `About ${max} left` : `${max.endsWith(` ${unit}`) ? least : min}–${max} left`;
};

/** `5 s`, `50 s`, `3 min`, `2 h`: rounded up to the next 5 s, minute or hour. */
export const roughly = (ms: number): string => {
  if (ms <= 55_000) return `${Math.max(1, Math.ceil(ms / 5000)) * 5} s`;
  return ms <= 90 * 60_000 ? `${Math.ceil(ms / 60_000)} min` : `${Math.ceil(ms / 3_600_000)} h`;
};

const reasons = { moderation: 'Rejected by moderation', 'invalid-input': 'Invalid input', internal: 'Provider error', timeout: 'Took too long', quota: 'Quota used up', unknown: 'Failed' } as const;

/** Why a task has no video, in a few words and in a sentence; null if there is no reason to show. */
export const reasonOf = ({ snapshot, error }: TaskRow): { readonly short: string; readonly long: string } | null => {
  if (error !== null) return { short: 'Lost', long: `The task could not be followed: ${error.message}` };
  switch (snapshot?.status) {
    case 'failed':
      return { short: reasons[snapshot.failure.reason], long: snapshot.failure.message };
    case 'cancelled':
      return { short: 'Cancelled', long: 'The task was cancelled before it ran.' };
    case 'expired':
      return { short: 'Expired', long: 'The provider ended the task because it waited or ran too long.' };
    case 'unknown':
      return { short: 'Unknown status', long: `The provider says “${snapshot.providerStatus}”.` };
    case 'succeeded':
      return snapshot.video === null ? { short: 'No link', long: 'The task succeeded, but the response holds no link.' } : null;
    default:
      return null;
  }
};

/** Why the last poll failed, and when the next one is due; null after a good response. */
export const retryText = ({ lastError, nextPollAtMs, error }: TaskRow, nowMs: number): string | null => {
  if (lastError === null || error !== null) return null;
  const again = nextPollAtMs === null ? '' : nextPollAtMs > nowMs ? `, next in ${span(nextPollAtMs - nowMs)}` : ', polling again';
  return `Poll failed: ${plain(lastError.message)}${lastError.sameFailureCount > 1 ? ` (${lastError.sameFailureCount} in a row)` : ''}${again}`;
};

/** A link that expires within this time is mentioned. */
const soonMs = 2 * 3_600_000;

/** When the link of a video expires; null if that is not soon, or unknown. */
export const expiryText = (row: TaskRow, nowMs: number): string | null => {
  const expiresAtMs = videoOf(row)?.expiresAtMs;
  if (expiresAtMs == null || expiresAtMs - nowMs > soonMs) return null;
  return expiresAtMs > nowMs ? `Link expires in ${span(expiresAtMs - nowMs)}` : 'Link expired';
};

/** The error that the server names, or `otherwise` if it could not be reached. */
export const messageOf = (error: unknown, otherwise: string): string => {
  const body: unknown = error instanceof HttpErrorResponse ? error.error : null;
  return typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : `The server cannot be reached. ${otherwise}`;
};
