import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { News } from '../../src/cli/news.js';
import { changeLines, endLines, summaryLines } from '../../src/cli/plain-lines.js';
import { transition } from '../support/snapshots.js';

const task = { provider: 'ark', id: 'cgt\u001b[2J-\n1' };
const lastError = { kind: 'response', reason: 'rate-limited', status: 429, message: 'slow\ndown', sameFailureCount: 1, sinceMs: 0 } as const;
const news: readonly News[] = [
  { kind: 'added', resumedFrom: null, task },
  { kind: 'transition', task, transition: transition('running', null, { task }) },
  { kind: 'progress', task, progress: 0.5, estimated: true },
  { kind: 'retry', task, lastError, nextPollAtMs: 0 },
  { kind: 'retry', task, lastError: { ...lastError, kind: 'timeout', reason: null }, nextPollAtMs: 0 },
  { kind: 'transition', task, transition: transition('unknown', 'running', { task, providerStatus: 'archived' }) },
  { kind: 'transition', task, transition: transition('failed', 'unknown', { task }) },
  { kind: 'not-saved', task, reason: 'failed', error: null },
  { kind: 'saved', task, path: 'v/a.mp4', bytes: 4_200_000, isNew: true },
  { kind: 'saved', task, path: 'v/a.mp4', bytes: 4_200_000, isNew: false },
  { kind: 'not-saved', task, reason: 'download', error: new Error('the disk is full') },
  { kind: 'not-saved', task, reason: 'no-video', error: null },
  { kind: 'error', task, error: new Error('gone') },
  { kind: 'refused', message: "stdin, line 3: 'x' is no task" },
];

describe('changeLines', () => {
  it('says each change with its time, and nothing that could drive a terminal', async () => {
    const lines = await lastValueFrom(from(news).pipe(changeLines(), toArray()));
    for (const line of lines) expect(line).toMatch(/^\d\d:\d\d:\d\d {2}\P{Cc}+$/u);
    expect(lines.map((line) => line.slice(10))).toEqual([
      'ark:cgt- 1  running',
      'ark:cgt- 1  rate-limited, asked again in 0 s: slow down',
      'ark:cgt- 1  no answer in time, asked again in 0 s: slow down',
      "ark:cgt- 1  unknown  says 'archived'",
      'ark:cgt- 1  failed  internal: it broke',
      'ark:cgt- 1  saved: v/a.mp4 (4.2 MB)',
      'ark:cgt- 1  is there already: v/a.mp4 (4.2 MB)',
      'ark:cgt- 1  not saved: the disk is full',
      'ark:cgt- 1  not saved: the answer holds no link to a video',
      'ark:cgt- 1  lost: gone',
      "stdin, line 3: 'x' is no task",
    ]);
  });
});

describe('endLines', () => {
  it('puts task, end and what is left of it between tabs: the file, else the link, else the reason', async () => {
    const base = { task, end: 'succeeded', path: null, link: null, reason: null } as const;
    const endings = [{ ...base, path: 'a\tb.mp4', link: 'https://x' }, { ...base, link: 'https://x', reason: 'not saved' }, { ...base, end: 'failed', reason: 'it broke' }, base] as const;
    const lines = await lastValueFrom(from(endings.map((ending): News => ({ kind: 'ended', ending }))).pipe(endLines(), toArray()));
    expect(lines).toEqual([
      'ark:cgt- 1\tsucceeded\ta b.mp4',
      'ark:cgt- 1\tsucceeded\thttps://x',
      'ark:cgt- 1\tfailed\tit broke',
      'ark:cgt- 1\tsucceeded\t',
    ]);
  });
});

describe('summaryLines', () => {
  const tally = { tasks: 1, over: 1, succeeded: 1, saved: 1, otherwise: 0, errored: 0, unwell: [] };

  it('says what there is to say, and no more', () => {
    expect(summaryLines(tally, false)).toEqual(['1 task: 1 succeeded']);
    expect(summaryLines(tally, true)).toEqual(['1 task: 1 succeeded, 1 saved']);
    expect(summaryLines({ ...tally, tasks: 12, over: 11, succeeded: 8, otherwise: 2, errored: 1 }, true)).toEqual([
      '12 tasks: 8 succeeded, 1 saved, 2 ended otherwise, 1 lost, 1 not over',
    ]);
  });

  it('names each task that is not as it should be, with the reason', () => {
    const unwell = [{ task, end: 'succeeded', path: null, link: null, reason: 'disk full' }, { task, end: 'errored', path: null, link: null, reason: 'gone' }] as const;
    expect(summaryLines({ ...tally, unwell }, true).slice(0, 2)).toEqual(['ark:cgt- 1  not saved: disk full', 'ark:cgt- 1  lost: gone']);
  });
});
