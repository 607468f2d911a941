/**
 * News as lines of text, for logs and for other programs. Knows no stream of the process; what is written is plain.
 */
import { asyncScheduler, filter, ignoreElements, map, type OperatorFunction, tap, timestamp, type TimestampProvider } from 'rxjs';
import { bytesForPeople } from './byte-count.js';
import { forPeople } from './duration.js';
import { type Ending, endings, endWord, isSuccess, type News, whyUnsaved } from './news.js';
import type { Output } from './output.js';
import type { Tally } from './run.js';
import { refText } from './task-refs.js';
import { plain } from './terminal-text.js';
import { troubleWord } from './trouble-word.js';

/** Writes each line; emits nothing. */
export const toLines = (output: Output): OperatorFunction<string, never> => (lines) => lines.pipe(tap(output.line), ignoreElements());

/**
 * A line with the time for each change: status, errors, what was saved and what was not.
 *
 * @param clock the time of the providers; default: real time
 */
export const changeLines = (clock: TimestampProvider = asyncScheduler): OperatorFunction<News, string> => (news) =>
  news.pipe(
    timestamp(clock),
    map(({ value, timestamp: atMs }) => ({ change: changeOf(value, atMs), atMs })),
    filter(({ change }) => change !== null),
    map(({ change, atMs }) => `${timeOfDay(atMs)}  ${plain(change ?? '')}`),
  );

const changeOf = (news: News, nowMs: number): string | null => {
  switch (news.kind) {
    case 'transition': {
      const { to, snapshot } = news.transition;
      const more = snapshot.status === 'failed' ? `  ${snapshot.failure.reason}: ${snapshot.failure.message}` : to === 'unknown' ? `  says '${snapshot.providerStatus}'` : '';
      return `${refText(news.task)}  ${to}${more}`;
    }
    case 'retry': {
      const again = `asked again in ${forPeople(news.nextPollAtMs - nowMs)}`;
      return `${refText(news.task)}  ${troubleWord(news.lastError)}, ${again}: ${news.lastError.message}`;
    }
    case 'error':
      return `${refText(news.task)}  lost: ${news.error.message}`;
    case 'saved':
      return `${refText(news.task)}  ${news.isNew ? 'saved' : 'is there already'}: ${news.path} (${bytesForPeople(news.bytes)})`;
    case 'not-saved':
      return news.reason === 'download' || news.reason === 'no-video' ? `${refText(news.task)}  not saved: ${whyUnsaved(news)}` : null;
    case 'refused':
      return news.message;
    case 'added':
    case 'progress':
    case 'download':
    case 'ended':
      return null;
  }
};

const timeOfDay = (atMs: number): string => new Date(atMs).toTimeString().slice(0, 8);

/** A line for each task that is over: the task, how it ended, and its file, else its link, else the reason; between tabs. */
export const endLines = (): OperatorFunction<News, string> => (news) => news.pipe(endings(), map(endLine));

const endLine = ({ task, end, path, link, reason }: Ending): string =>
  [refText(task), endWord(end), path ?? link ?? reason ?? ''].map(plain).join('\t');

/** What a run came to: a line for each task that is not as it should be, and the numbers. */
export const summaryLines = (tally: Tally, isSaving: boolean): readonly string[] => {
  const { tasks, over, succeeded, saved, otherwise, errored, unwell } = tally;
  const parts = [
    `${succeeded} succeeded`,
    ...(isSaving ? [`${saved} saved`] : []),
    ...(otherwise === 0 ? [] : [`${otherwise} ended otherwise`]),
    ...(errored === 0 ? [] : [`${errored} lost`]),
    ...(over === tasks ? [] : [`${tasks - over} not over`]),
  ];
  return [...unwell.map(unwellLine), `${tasks} ${tasks === 1 ? 'task' : 'tasks'}: ${parts.join(', ')}`];
};

const unwellLine = (ending: Ending): string => {
  const { task, end, reason } = ending;
  return plain(`${refText(task)}  ${end === 'succeeded' && !isSuccess(ending) ? 'not saved' : endWord(end)}: ${reason ?? ''}`);
};
