/**
 * The responses of Ark, PowerTokens and YEScale.
 * Sources: the API reference of Volcengine Ark and BytePlus ModelArk (get, create, error codes), responses recorded in
 * public clients, and YEScale's page on fetching a video. YEScale documents no errors and no pending bodies: Ark's are assumed.
 */
import { json } from './response.js';
import type { Dialect, ErrorKind } from './response.js';
import { integer } from './random.js';
import { lastFrameLink } from './task-view.js';
import type { TaskView } from './task-view.js';
import { framesPerSecond } from './video-file.js';

const pixels: Readonly<Record<string, number>> = {
  '480p': 864 * 480,
  '720p': 1280 * 720,
  '1080p': 1920 * 1080,
  '2k': 2560 * 1440,
  '4k': 3840 * 2160,
};

/** The tokens that a video costs: its pixels times its frames, divided by 1024. */
export const tokensFor = (resolution: string, durationMs: number): number =>
  Math.round(((pixels[resolution] ?? 1280 * 720) * framesPerSecond * (durationMs / 1000)) / 1024);

const usage = ({ resolution, durationMs }: TaskView['scenario']) => {
  const tokens = tokensFor(resolution, durationMs);
  return { completion_tokens: tokens, total_tokens: tokens };
};

/** The fields that Ark and its resellers have in common. `content` and `usage` come with success, `error` with failure. */
const common = (view: TaskView) => {
  const { id, scenario, phase, createdAt, startedAt, endedAt, link } = view;
  return {
    id,
    model: scenario.model,
    status: phase === 'unknown' ? 'archived' : phase,
    ...(phase === 'failed' && { error: { ...scenario.failure, message: `${scenario.failure.message} Request id: sim-${id}` } }),
    ...(phase === 'succeeded' && { content: { video_url: link('video'), ...lastFrameLink(view) }, usage: usage(scenario) }),
    created_at: createdAt,
    updated_at: endedAt ?? startedAt ?? createdAt,
  };
};

const length = ({ scenario, request }: TaskView) =>
  typeof request.frames === 'number' ? { frames: request.frames } : { duration: scenario.durationMs / 1000 };

/** The seed and ratio of the request. The provider chooses a value that is missing, -1 or `adaptive`. */
const chosen = ({ id, request: { seed, ratio } }: TaskView) => ({
  seed: typeof seed === 'number' && seed >= 0 ? seed : integer(1, 99_999, id, 'seed'),
  ratio: typeof ratio === 'string' && ratio !== 'adaptive' ? ratio : '16:9',
});

const echoed = ['safety_identifier', 'priority', 'draft', 'draft_task_id'];
const echo = (request: TaskView['request']) => Object.fromEntries(Object.entries(request).filter(([key]) => echoed.includes(key)));

/** Ark's task object with all its fields. */
export const arkTask = (view: TaskView) => ({
  ...common(view),
  ...(view.phase === 'succeeded' && {
    ...chosen(view),
    resolution: view.scenario.resolution,
    ...length(view),
    framespersecond: framesPerSecond,
  }),
  service_tier: view.scenario.serviceTier,
  execution_expires_after: view.expiresAfterSeconds,
  // Seedance 1.0 makes silent videos: its tasks have no such field.
  ...(!/1[-_.]0/.test(view.scenario.model) && { generate_audio: view.request.generate_audio ?? true }),
  ...echo(view.request),
});

type Row = readonly [status: number, code: string, type: string];

const errors: Readonly<Record<ErrorKind, Row>> = {
  unauthorized: [401, 'AuthenticationError', 'Unauthorized'],
  'unknown-task': [404, 'ResourceNotFound', 'NotFound'],
  'bad-request': [400, 'InvalidParameter', 'BadRequest'],
  moderated: [400, 'InputTextSensitiveContentDetected', 'BadRequest'],
  'over-quota': [429, 'AccountQuotaExceeded', 'TooManyRequests'],
  'not-deletable': [409, 'InvalidAction.RunningTaskDeletion', 'Conflict'],
  'rate-limited': [429, 'RateLimitExceeded.EndpointRPMExceeded', 'TooManyRequests'],
  'server-error': [500, 'InternalServiceError', 'InternalServerError'],
};

/** Ark. */
export const ark: Dialect = {
  task: arkTask,
  created: ({ id }) => ({ id }),
  errorResponse: (why, detail, requestId) => {
    const [status, code, type] = errors[why];
    const error = { code, message: `${detail} Request id: ${requestId}`, param: '', type };
    return json(status, { error }, { 'x-request-id': requestId });
  },
};

/** Ark through PowerTokens. A succeeded task has an `error` of null, as on its page. */
export const powertokens: Dialect = {
  ...ark,
  task: (view) => ({ ...arkTask(view), ...(view.phase === 'succeeded' && { error: null }) }),
};

const label = (action: string): string => `YEScale - Seedance Video Generation - ${action}`;

/** Ark through YEScale: the older fields, a label in every response, and an echo of the request. */
export const yescale: Dialect = {
  ...ark,
  task: (view) => ({
    ...common(view),
    message: label('Fetch'),
    request: { content: view.request.content ?? [], model: view.scenario.model },
  }),
  created: ({ id }) => ({ id, message: label('Submit') }),
};
