/**
 * What a response says about a task, decoded without the library.
 */
import type { SimulatedProvider } from '../../src/simulator/sites.js';
import type { Result, Said } from './records.js';

/** A response as the server sent it. */
export interface Sent {
  readonly status: number;
  readonly body: string;
}

/** The reading of a response for one task. */
export interface Reply {
  readonly result: Result;
  readonly said: Said | null;
}

/** Any JSON. */
type Json = any;

const parsed = (body: string): Json => {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
};

const withoutTask = (result: Result): Reply => ({ result, said: null });

/** The reading of a poll of one task. */
export const replyOf = (provider: SimulatedProvider, { status, body }: Sent): Reply => {
  if (status === 401) return withoutTask('unauthorized');
  const value = parsed(body);
  // Some providers report an unknown task with another status than 404.
  if (status === 404 || value?.code === 'task_not_exist' || value?.code === 404) return withoutTask('not-found');
  return status === 200 && value !== null ? { result: 'ok', said: saidIn(provider, value) } : withoutTask('error');
};

/** The reading of a list for each of its tasks. An invalid list omits all of them. */
export const repliesOf = (provider: SimulatedProvider, { status, body }: Sent, ids: readonly string[]): ReadonlyMap<string, Reply> => {
  const forAll = (result: Result) => new Map(ids.map((id) => [id, withoutTask(result)]));
  if (status === 401) return forAll('unauthorized');
  if (status !== 200) return forAll(status === 404 ? 'omitted' : 'error');
  const items: readonly Json[] = parsed(body)?.items ?? [];
  const itemOf = new Map(items.map((item) => [item.id, item]));
  return new Map(ids.map((id) => [id, itemOf.has(id) ? { result: 'ok', said: saidIn(provider, itemOf.get(id)) } : withoutTask('omitted')]));
};

/** The documented status words. Any other word means `unknown`. */
const meanings: Readonly<Record<string, string>> = {
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
  processing: 'running',
  completed: 'succeeded',
  NOT_START: 'queued',
  SUBMITTED: 'queued',
  QUEUED: 'queued',
  IN_PROGRESS: 'running',
  SUCCESS: 'succeeded',
  FAILURE: 'failed',
};

const saidIn = (provider: SimulatedProvider, value: Json): Said => {
  switch (provider) {
    case 'ark':
    case 'powertokens':
    case 'yescale':
      return said(value.status, { link: value.content?.video_url, lastFrame: value.content?.last_frame_url, usage: value.usage });
    case 'kyyaipower':
    case 'xingchao':
      return said(value.status, { link: value.video_url, lastFrame: value.last_frame_url, usage: { total_tokens: value.totalTokens } });
    case 'anyfast': {
      const { status, result_url: link, progress, data } = value.data;
      return said(status, { link, lastFrame: data?.content?.last_frame_url, usage: data?.usage, progress: Number.parseInt(progress, 10) / 100 });
    }
  }
};

const said = (word: string, { link, lastFrame, usage, progress }: { link?: string; lastFrame?: string; usage?: Json; progress?: number }): Said => ({
  word,
  status: meanings[word] ?? 'unknown',
  link: link ?? null,
  lastFrame: lastFrame ?? null,
  completionTokens: usage?.completion_tokens ?? null,
  totalTokens: usage?.total_tokens ?? null,
  progress: progress ?? null,
});
