import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { hyperlink, plainLook } from '../../src/cli/look.js';
import { recapLines, summaryLines } from '../../src/cli/recap.js';
import type { Ending } from '../../src/cli/run-events.js';
import { tallyOf } from '../../src/cli/run.js';
import { widthOf } from '../../src/cli/terminal-text.js';
import { emptyTotals } from '../../src/feed/feed.js';

const endingOf = (id: string, ending: Partial<Ending> = {}): Ending => ({ task: { provider: 'ark', id }, end: 'succeeded', path: null, bytes: null, link: null, reason: null, ...ending });
const savedAs = (id: string): Ending => endingOf(id, { path: `videos/${id}.mp4`, bytes: 4_000_000 });

/** The tally of finished tasks, and of some that are not finished. */
const tallyFor = (endings: readonly Ending[], unfinished = 0): ReturnType<typeof tallyOf> => {
  const tally = tallyOf({ feed: emptyTotals().feed, endings: new Map(endings.map((ending) => [ending.task.id, ending])) });
  return { ...tally, tasks: endings.length + unfinished };
};

const nothingElse = { directory: null, hasLinks: false };
const saving = { directory: 'videos', hasLinks: true };

const problems = [
  endingOf('c-1', { end: 'cancelled', reason: 'cancelled' }),
  endingOf('f-1', { end: 'failed', reason: 'moderation: the video is withheld' }),
  endingOf('e-1', { end: 'errored', reason: 'the task was not found' }),
  endingOf('c-2', { end: 'cancelled', reason: 'cancelled' }),
  endingOf('f-2', { end: 'failed', reason: 'moderation: the video is withheld' }),
  endingOf('s-1', { reason: 'disk\nfull' }),
];

describe('the recap below a board', () => {
  it('says each problem once, with the tasks that share it, and where the videos are', () => {
    expect(recapLines(tallyFor([...problems, savedAs('a'), savedAs('b')]), saving, 80, plainLook)).toEqual([
      '',
      '✖ 2 failed: moderation: the video is withheld',
      '    ark:f-1  ark:f-2',
      '✖ ark:s-1  not saved: disk full',
      '✖ ark:e-1  could not be followed: the task was not found',
      '⊘ 2 cancelled',
      '    ark:c-1  ark:c-2',
      'videos → ./videos (2 files, 8.0 MB)',
    ]);
  });

  it('is empty when there is nothing to say', () => {
    expect(recapLines(tallyFor([endingOf('a', { link: 'https://cdn.example/a.mp4' })]), nothingElse, 80, plainLook)).toEqual([]);
  });

  it('wraps at words, and leaves ids whole', () => {
    const [id, reason] = ['x'.repeat(60), 'the provider no longer has the task, and says so in a long sentence'];
    const lines = recapLines(tallyFor([endingOf('f-1', { end: 'failed', reason }), endingOf(id, { end: 'failed', reason })]), nothingElse, 40, plainLook);
    expect(lines).toEqual(['', '✖ 2 failed: the provider no longer has', '  the task, and says so in a long', '  sentence', '    ark:f-1', `    ark:${id}`]);
  });

  it('is no wider than the terminal', () => {
    for (const columns of [30, 50, 80, 120]) {
      for (const line of recapLines(tallyFor(problems), nothingElse, columns, plainLook)) expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });

  it('prints the links of videos that are not saved, if nothing else does', () => {
    const link = 'https://cdn.example/a.mp4?signature=1';
    const tally = tallyFor([endingOf('a', { link })]);
    expect(recapLines(tally, { directory: null, hasLinks: true }, 20, plainLook)).toEqual(['', `ark:a  ${link}`]);
    const many = tallyFor(Array.from({ length: 30 }, (_, index) => endingOf(`${index}`, { link })));
    expect(recapLines(many, { directory: null, hasLinks: true }, 80, plainLook).slice(-2)).toEqual([`ark:19  ${link}`, '… 10 more links: redirect stdout to get all']);
  });

  it('links the directory', () => {
    expect(recapLines(tallyFor([savedAs('a')]), saving, 80, { ...plainLook, link: hyperlink })[1]).toContain(`\u001b]8;;${pathToFileURL('videos').href}\u0007./videos\u001b]8;;\u0007`);
  });
});

describe('the summary for a log', () => {
  it('counts each task once, and leaves out counts of 0', () => {
    expect(summaryLines(tallyFor([]), nothingElse)).toEqual(['0 tasks']);
    expect(summaryLines(tallyFor([endingOf('a')]), nothingElse)).toEqual(['1 task: 1 succeeded']);
    expect(summaryLines(tallyFor([savedAs('a')]), saving)).toEqual(['1 task: 1 saved', 'videos → ./videos (1 file, 4.0 MB)']);
    expect(summaryLines(tallyFor(problems, 1), nothingElse).at(-1)).toBe('7 tasks: 2 failed, 1 not saved, 1 could not be followed, 2 cancelled, 1 not finished');
  });

  it('is not wrapped and has no symbols', () => {
    const reason = 'it broke '.repeat(30).trim();
    expect(summaryLines(tallyFor([endingOf('a', { end: 'failed', reason })]), nothingElse)[0]).toBe(`ark:a  failed: ${reason}`);
  });
});
