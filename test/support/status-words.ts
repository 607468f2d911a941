/**
 * The status words that relays of every dialect use, and the ways in which they are spelled.
 */
import fc from 'fast-check';

/** The words by their meaning. */
export const sharedWords = {
  queued: ['queued', 'queue', 'pending', 'waiting', 'submitted', 'created', 'accepted', 'scheduled', 'queueing', 'queuing', 'enqueued', 'in_queue', 'not_start', 'not_started', 'starting'],
  running: ['running', 'processing', 'in_progress', 'generating', 'rendering', 'active', 'started'],
  succeeded: ['succeeded', 'succeed', 'success', 'successful', 'completed', 'complete', 'done', 'finished', 'finish'],
  failed: ['failed', 'failure', 'error', 'errored', 'fail', 'rejected', 'aborted', 'abort', 'blocked', 'moderated', 'content_moderated', 'request_moderated', 'nsfw'],
  cancelled: ['cancelled', 'canceled', 'cancel', 'revoked'],
  expired: ['expired', 'timeout', 'timed_out', 'time_out'],
} as const;

/** A word in any letter case, with any separators in place of `_`, and white space around it. */
export const anySpelling = (word: string): fc.Arbitrary<string> => {
  const separator = fc.constantFrom('_', '-', ' ', '');
  const space = fc.constantFrom('', ' ', '\n');
  return fc.tuple(fc.mixedCase(fc.constant(word)), separator, space, space).map(([written, between, before, after]) => before + written.replaceAll('_', between) + after);
};

/** Two words with the same plain form are spellings of one word. */
export const plainWord = (word: string): string => word.toLowerCase().replace(/[\s_-]/g, '').replace(/^(?:task|job|video|state|status)+/, '');
