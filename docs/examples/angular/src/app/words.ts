/** How statuses, times and instants read. Pure. */
import type { TaskRow } from 'rx-seedance';

/** What a task counts as: its status, or that it could not be followed, or that nothing is known yet. */
export type Standing = NonNullable<TaskRow['status']> | 'error' | 'waiting';

export const standingOf = ({ status, error }: TaskRow): Standing => (error !== null ? 'error' : (status ?? 'waiting'));

export const standings: readonly Standing[] = ['waiting', 'queued', 'running', 'unknown', 'succeeded', 'failed', 'cancelled', 'expired', 'error'];

export const isOver = (row: TaskRow): boolean => !['waiting', 'queued', 'running', 'unknown'].includes(standingOf(row));

/** `4 s`, `2 min 05 s`, `3 h 20 min`, `6 d 23 h` */
export const span = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, '0')} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
};

/** A message without the tags of a gateway's page of HTML, its words once. */
export const plain = (message: string): string => [...new Set(message.split(/<[^>]*>/).map((part) => part.trim()))].filter((part) => part !== '').join(' · ');

/** How long a task has taken, or took. Null until its provider has said when it began. */
export const elapsedMs = ({ snapshot }: TaskRow, nowMs: number): number | null =>
  snapshot?.createdAtMs == null ? null : Math.max(0, (snapshot.finishedAtMs ?? nowMs) - snapshot.createdAtMs);

/** How long it may still take, judged by what has been done so far. Null where that says too little. */
export const leftMs = (row: TaskRow, nowMs: number): number | null => {
  const begun = row.snapshot?.startedAtMs ?? row.snapshot?.createdAtMs;
  if (row.status !== 'running' || begun == null || row.progress < 0.05 || row.progress >= 0.99) return null;
  return ((nowMs - begun) / row.progress) * (1 - row.progress);
};

/** Why a task has not come to a video, in one sentence; null where there is nothing to say. */
export const reasonOf = ({ snapshot, error }: TaskRow): string | null => {
  if (error !== null) return `It could not be followed to its end: ${error.message}`;
  if (snapshot?.status === 'failed') return `${snapshot.failure.message} (${snapshot.failure.reason})`;
  if (snapshot?.status === 'cancelled') return 'It was cancelled.';
  if (snapshot?.status === 'expired') return 'Its provider gave it up.';
  if (snapshot?.status === 'unknown') return `Its provider calls it “${snapshot.providerStatus}”.`;
  if (snapshot?.status === 'succeeded' && snapshot.video === null) return 'It succeeded; the response holds no link.';
  return null;
};
