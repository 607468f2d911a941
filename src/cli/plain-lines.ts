/**
 * Formats events as plain lines of text, for logs and for other programs.
 */
import { asyncScheduler, filter, ignoreElements, map, type OperatorFunction, tap, timestamp, type TimestampProvider } from 'rxjs';
import { bytesForPeople } from './byte-count.js';
import { forPeople } from './duration.js';
import type { Output } from './output.js';
import { type Ending, endings, endWord, messageWithoutTask, type RunEvent, whyNotSaved } from './run-events.js';
import { refText } from './task-refs.js';
import { plain } from './terminal-text.js';
import { errorWord } from './error-word.js';

/** Writes each line; emits nothing. */
export const toLines = (output: Output): OperatorFunction<string, never> => (lines) => lines.pipe(tap(output.line), ignoreElements());

/**
 * One line with the time for each change: a status, an error, a video that was saved or not.
 *
 * @param clock the providers' clock; default: real time
 */
export const changeLines = (clock: TimestampProvider = asyncScheduler): OperatorFunction<RunEvent, string> => (events) =>
  events.pipe(
    timestamp(clock),
    map(({ value, timestamp: atMs }) => ({ change: changeOf(value, atMs), atMs })),
    filter(({ change }) => change !== null),
    map(({ change, atMs }) => `${timeOfDay(atMs)}  ${plain(change ?? '')}`),
  );

const changeOf = (event: RunEvent, nowMs: number): string | null => {
  switch (event.kind) {
    case 'transition': {
      const { to, snapshot } = event.transition;
      const more = snapshot.status === 'failed' ? `  ${snapshot.failure.reason}: ${snapshot.failure.message}` : to === 'unknown' ? `  status is '${snapshot.providerStatus}'` : '';
      return `${refText(event.task)}  ${to}${more}`;
    }
    case 'retry': {
      const { message, sameFailureCount } = event.lastError;
      const next = `attempt ${sameFailureCount}, next in ${forPeople(event.nextPollAtMs - nowMs)}`;
      return `${refText(event.task)}  ${errorWord(event.lastError)}: ${message} (${next})`;
    }
    case 'error':
      return `${refText(event.task)}  ${endWord('errored')}: ${messageWithoutTask(event)}`;
    case 'saved':
      return `${refText(event.task)}  ${event.isNew ? 'saved' : 'already saved'}: ${event.path} (${bytesForPeople(event.bytes)})${event.error === null ? '' : `, but not its last frame: ${event.error.message}`}`;
    case 'not-saved':
      return event.reason === 'download' || event.reason === 'no-video' ? `${refText(event.task)}  not saved: ${whyNotSaved(event)}` : null;
    case 'refused':
      return event.message;
    case 'added':
    case 'progress':
    case 'removed':
    case 'download':
    case 'ended':
      return null;
  }
};

const timeOfDay = (atMs: number): string => new Date(atMs).toTimeString().slice(0, 8);

/** One line for each finished task, separated by tabs: the task, how it ended, and its file, else its link, else the reason. */
export const endLines = (): OperatorFunction<RunEvent, string> => (events) => events.pipe(endings(), map(endLine));

const endLine = ({ task, end, path, link, reason }: Ending): string =>
  [refText(task), end, path ?? link ?? reason ?? ''].map(plain).join('\t');
