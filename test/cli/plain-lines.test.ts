import { DownloadError } from '../../src/node/download-error.js';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/cli/run-events.js';
import { changeLines, endLines } from '../../src/cli/plain-lines.js';
import { transition } from '../support/snapshots.js';

const task = { provider: 'ark', id: 'cgt\u001b[2J-\n1' };
const lastError = { kind: 'response', reason: 'rate-limited', status: 429, message: 'slow\ndown', sameFailureCount: 1, sinceMs: 0 } as const;
const events: readonly RunEvent[] = [
  { kind: 'added', atMs: 0, resumedFrom: null, task },
  { kind: 'transition', atMs: 0, task, transition: transition('running', null, { task }) },
  { kind: 'progress', atMs: 0, forecast: null, task, progress: 0.5, estimated: true },
  { kind: 'retry', atMs: 0, task, lastError, nextPollAtMs: 0 },
  { kind: 'retry', atMs: 0, task, lastError: { ...lastError, kind: 'timeout', reason: null }, nextPollAtMs: 0 },
  { kind: 'transition', atMs: 0, task, transition: transition('unknown', 'running', { task, providerStatus: 'archived' }) },
  { kind: 'transition', atMs: 0, task, transition: transition('failed', 'unknown', { task }) },
  { kind: 'not-saved', task, reason: 'failed', error: null },
  { kind: 'saved', task, path: 'v/a.mp4', bytes: 4_200_000, isNew: true, lastFrame: null, error: null },
  { kind: 'saved', task, path: 'v/a.mp4', bytes: 4_200_000, isNew: false, lastFrame: null, error: new DownloadError('refused', 'v/a.last.png', 'the host refuses the link') },
  { kind: 'not-saved', task, reason: 'download', error: new Error('the disk is full') },
  { kind: 'not-saved', task, reason: 'no-video', error: null },
  { kind: 'error', atMs: 0, task, error: new Error('gone') },
  { kind: 'refused', message: "stdin, line 3: 'x' is not a task" },
];

describe('changeLines', () => {
  it('prints each change with its time, without control characters', async () => {
    const lines = await lastValueFrom(from(events).pipe(changeLines(), toArray()));
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d {2}\P{Cc}+$/u);
    expect(lines.map((line) => line.slice(10))).toEqual([
      'ark:cgt- 1  running',
      'ark:cgt- 1  rate-limited: slow down (attempt 1, next in 0 s)',
      'ark:cgt- 1  timeout: slow down (attempt 1, next in 0 s)',
      "ark:cgt- 1  unknown  status is 'archived'",
      'ark:cgt- 1  failed  internal: it broke',
      'ark:cgt- 1  saved: v/a.mp4 (4.2 MB)',
      'ark:cgt- 1  already saved: v/a.mp4 (4.2 MB), but not its last frame: v/a.last.png: the host refuses the link',
      'ark:cgt- 1  not saved: the disk is full',
      'ark:cgt- 1  not saved: the response has no link to a video',
      'ark:cgt- 1  could not be followed: gone',
      "stdin, line 3: 'x' is not a task",
    ]);
  });
});

describe('endLines', () => {
  it('prints the task, its end, and the file, else the link, else the reason, separated by tabs', async () => {
    const base = { task, end: 'succeeded', path: null, bytes: null, link: null, reason: null } as const;
    const endings = [{ ...base, path: 'a\tb.mp4', link: 'https://x' }, { ...base, link: 'https://x', reason: 'not saved' }, { ...base, end: 'failed', reason: 'it broke' }, base] as const;
    const lines = await lastValueFrom(from(endings.map((ending): RunEvent => ({ kind: 'ended', ending }))).pipe(endLines(), toArray()));
    expect(lines).toEqual([
      'ark:cgt- 1\tsucceeded\ta b.mp4',
      'ark:cgt- 1\tsucceeded\thttps://x',
      'ark:cgt- 1\tfailed\tit broke',
      'ark:cgt- 1\tsucceeded\t',
    ]);
  });
});
