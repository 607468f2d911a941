/**
 * How kyyAiPower and xingchaoyiqing tell a task: one flat object. Pure.
 * Sources: both providers' pages on querying a Seedance task, and on creating one. They document no errors: the shape here,
 * `{ code, msg, data }`, is that of a sister API on the same host. Its numbers are guesses, HTTP's own where HTTP has one: no page says
 * what an unknown id gets.
 */
import { json } from './response.js';
import type { Dialect, ErrorKind } from './response.js';
import { tokensFor } from './dialect-ark.js';
import type { NewTask, TaskView } from './task-view.js';

/** Neither provider knows an expired task: it has failed. */
const words: Readonly<Record<TaskView['phase'], string>> = {
  queued: 'queued',
  running: 'processing',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'failed',
  unknown: 'archived',
};

const base = ({ id, scenario, createdAt }: NewTask, status: string) => ({
  id,
  object: 'video',
  created: createdAt,
  model: scenario.model,
  status,
});

const videoUrl = ({ phase, link }: TaskView): string | null => (phase === 'succeeded' ? link('video') : null);

const errorText = ({ phase, scenario: { failure } }: TaskView): string | null =>
  words[phase] === 'failed' ? `${failure.code}: ${failure.message}` : null;

const refusals: Readonly<Record<ErrorKind, readonly [status: number, code: number]>> = {
  unauthorized: [401, 401],
  'unknown-task': [200, 404],
  'bad-request': [200, 400],
  'not-deletable': [200, 409],
  'rate-limited': [429, 429],
  'server-error': [500, 500],
};

/** kyyAiPower: what there is nothing to say of is null. */
export const kyyaipower: Dialect = {
  task: (view) => ({ ...base(view, words[view.phase]), video_url: videoUrl(view), error: errorText(view) }),
  created: (task) => base(task, 'queued'),
  refuse: (why, detail) => {
    const [status, code] = refusals[why];
    return json(status, { code, msg: detail, data: null });
  },
};

const measures = ({ scenario: { model, resolution, durationMs } }: TaskView) => ({
  actualDuration: durationMs / 1000,
  ...(!model.includes('1_5') && { totalTokens: tokensFor(resolution, durationMs) }),
});

/** xingchaoyiqing: what there is nothing to say of is left out; a finished video has a length, and from 2.0 on a price. */
export const xingchao: Dialect = {
  ...kyyaipower,
  task: (view) => {
    const url = videoUrl(view);
    const error = errorText(view);
    return {
      ...base(view, words[view.phase]),
      ...(url !== null && { video_url: url, ...measures(view) }),
      ...(error !== null && { error }),
    };
  },
};
