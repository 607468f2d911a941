/** The texts for statuses, times, instants and errors. */
import { HttpErrorResponse } from '@angular/common/http';
import { remainingMs, type TaskRow } from 'rx-seedance';

/** A task's status, `error` if it could not be followed, or `waiting` if it was not polled yet. */
export type Standing = NonNullable<TaskRow['status']> | 'error' | 'waiting';

export const standingOf = ({ status, error }: TaskRow): Standing => (error !== null ? 'error' : (status ?? 'waiting'));

/** A standing as the page shows it. */
export const labelOf = (standing: Standing): string =>
  standing === 'error' ? 'could not be followed' : standing === 'waiting' ? 'not polled yet' : standing;

export const standings: readonly Standing[] = ['waiting', 'queued', 'running', 'unknown', 'succeeded', 'failed', 'cancelled', 'expired', 'error'];

export const isFinished = (row: TaskRow): boolean => !['waiting', 'queued', 'running', 'unknown'].includes(standingOf(row));

/** `4 s`, `2 min 05 s`, `3 h 20 min`, `6 d 23 h` */
export const span = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
};

/** A message without HTML tags and repeated lines. */
export const plain = (message: string): string => [...new Set(message.split(/<[^>]*>/).map((part) => part.trim()))].filter((part) => part !== '').join(' · ');

/** How long a task has taken, or took until its end was seen. */
export const elapsedMs = ({ snapshot, addedAtMs, endedAtMs }: TaskRow, nowMs: number): number =>
  Math.max(0, (snapshot?.finishedAtMs ?? endedAtMs ?? nowMs) - (snapshot?.createdAtMs ?? addedAtMs));

/** How much longer a task is expected to run, such as `1–3 min left`; null while nothing is known. */
export const leftText = (row: TaskRow, nowMs: number): string | null => {
  const left = isFinished(row) ? null : remainingMs(row, nowMs);
  if (left === null) return null;
  if (left.minMs < 1000) return `up to ${roughly(left.maxMs)} left`;
  const [min, max] = [roughly(left.minMs), roughly(left.maxMs)];
  const [least, unit] = min.split(' ');
  return min === max ? `about ${max} left` : `${max.endsWith(` ${unit}`) ? least : min}–${max} left`;
};

/** `5 s`, `50 s`, `3 min`, `2 h`: rounded up to the next 5 s, minute or hour. */
const roughly = (ms: number): string => {
  if (ms <= 55_000) return `${Math.max(1, Math.ceil(ms / 5000)) * 5} s`;
  return ms <= 90 * 60_000 ? `${Math.ceil(ms / 60_000)} min` : `${Math.ceil(ms / 3_600_000)} h`;
};

/** Why a task has no video, in one sentence; null if there is no reason to show. */
export const reasonOf = ({ snapshot, error }: TaskRow): string | null => {
  if (error !== null) return `Could not be followed: ${error.message}`;
  if (snapshot?.status === 'failed') return `${snapshot.failure.message} (${snapshot.failure.reason})`;
  if (snapshot?.status === 'cancelled') return 'Cancelled.';
  if (snapshot?.status === 'expired') return 'Expired at the provider.';
  if (snapshot?.status === 'unknown') return `Unknown status: “${snapshot.providerStatus}”.`;
  if (snapshot?.status === 'succeeded' && snapshot.video === null) return 'Succeeded, but the response holds no link.';
  return null;
};

/** The error that the server names, or `otherwise` if it could not be reached. */
export const messageOf = (error: unknown, otherwise: string): string => {
  const body: unknown = error instanceof HttpErrorResponse ? error.error : null;
  return typeof body === 'object' && body !== null && 'error' in body ? String(body.error) : `The server cannot be reached. ${otherwise}`;
};
