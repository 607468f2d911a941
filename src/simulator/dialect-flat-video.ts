/**
 * The responses of kyyAiPower and xingchaoyiqing: one flat object.
 * Sources: both providers' pages on querying a Seedance task, and on creating one. They document no errors: the shape here,
 * `{ code, msg, data }`, is that of a sister API on the same host. The codes are guesses, taken from HTTP where possible. The response
 * to an unknown id is undocumented.
 */
import { json } from './response.js';
import type { Dialect, ErrorKind } from './response.js';
import { tokensFor } from './dialect-ark.js';
import { lastFrameLink } from './task-view.js';
import type { NewTask, TaskView } from './task-view.js';

/** Neither provider has a status for an expired task: it is `failed`. */
const statuses: Readonly<Record<TaskView['phase'], string>> = {
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

const lastFrame = (view: TaskView) => (view.phase === 'succeeded' ? lastFrameLink(view) : {});

const errorText = ({ phase, scenario: { failure } }: TaskView): string | null =>
  statuses[phase] === 'failed' ? `${failure.code}: ${failure.message}` : null;

const errors: Readonly<Record<ErrorKind, readonly [status: number, code: number]>> = {
  unauthorized: [401, 401],
  'unknown-task': [200, 404],
  'bad-request': [200, 400],
  moderated: [200, 400],
  'over-quota': [200, 402],
  'not-deletable': [200, 409],
  'rate-limited': [429, 429],
  'server-error': [500, 500],
};

/** kyyAiPower: a field without a value is null. */
export const kyyaipower: Dialect = {
  task: (view) => ({ ...base(view, statuses[view.phase]), video_url: videoUrl(view), ...lastFrame(view), error: errorText(view) }),
  created: (task) => base(task, 'queued'),
  errorResponse: (why, detail) => {
    const [status, code] = errors[why];
    return json(status, { code, msg: detail, data: null });
  },
};

const measures = ({ scenario: { model, resolution, durationMs } }: TaskView) => ({
  actualDuration: durationMs / 1000,
  ...(!model.includes('1_5') && { totalTokens: tokensFor(resolution, durationMs) }),
});

/** xingchaoyiqing: a field without a value is left out. A finished video has a length and, from 2.0 on, a token count. */
export const xingchao: Dialect = {
  ...kyyaipower,
  task: (view) => {
    const url = videoUrl(view);
    const error = errorText(view);
    return {
      ...base(view, statuses[view.phase]),
      ...(url !== null && { video_url: url, ...lastFrame(view), ...measures(view) }),
      ...(error !== null && { error }),
    };
  },
};
