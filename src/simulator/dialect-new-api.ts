/**
 * The responses of AnyFast, a fork of new-api: an envelope around Ark's object.
 * Sources: AnyFast's pages on creating and querying a Seedance task; the public source of QuantumNous/new-api for the statuses
 * and error bodies that those pages leave out.
 */
import { json } from './response.js';
import type { SimulatedResponse, Dialect, ErrorKind } from './response.js';
import { ark, arkTask, tokensFor } from './dialect-ark.js';
import { randomString, integer } from './random.js';
import type { TaskView } from './task-view.js';

const digits = '0123456789';
const alphanumeric = `${digits}abcdefghijklmnopqrstuvwxyz`;

interface ReportedStatus {
  readonly status: string;
  /** In percent. */
  readonly progress: number;
}

const queuedSteps: readonly ReportedStatus[] = [
  { status: 'NOT_START', progress: 0 },
  { status: 'SUBMITTED', progress: 10 },
  { status: 'QUEUED', progress: 20 },
];
const queued: ReportedStatus = { status: 'QUEUED', progress: 20 };

/** A queued task passes through three statuses, a running one counts up from 50%, and cancelled and expired are failures. */
const reportedStatus = ({ phase, done, scenario }: TaskView): ReportedStatus => {
  switch (phase) {
    case 'queued':
      return queuedSteps[Math.floor(done * queuedSteps.length)] ?? queued;
    case 'running':
      return { status: 'IN_PROGRESS', progress: Math.floor(50 + done * (scenario.ultra ? 35 : 45)) };
    case 'succeeded':
      return { status: 'SUCCESS', progress: 100 };
    case 'failed':
    case 'cancelled':
    case 'expired':
      return { status: 'FAILURE', progress: 100 };
    case 'unknown':
      return { status: 'ARCHIVED', progress: 100 };
  }
};

/** The failure message. On success it repeats the link, for clients older than `result_url`. */
const failReason = ({ phase, scenario, link }: TaskView): string => {
  if (phase === 'succeeded') return link('video');
  if (phase === 'expired') return `任务超时（${Math.ceil((scenario.queueMs + scenario.runMs) / 60_000)}分钟）`;
  if (phase === 'failed' || phase === 'cancelled') return `task failed, code: ${scenario.failure.code}, message: ${scenario.failure.message}`;
  return '';
};

const sizes = ['480p', '720p', '1080p', '2k', '4k'];

/** An ultra task is generated one size smaller and then enhanced. */
const smaller = (resolution: string): string => sizes[sizes.indexOf(resolution) - 1] ?? '480p';

const upstreamId = ({ id }: TaskView): string => `cgt-${randomString(14, digits, id, 'time')}-${randomString(5, alphanumeric, id)}`;

/** The upstream response, as far as AnyFast has one. Absent on failure. */
const upstream = (view: TaskView, { status }: ReportedStatus): { readonly data?: object | null } => {
  if (status === 'FAILURE') return {};
  if (status === 'NOT_START') return { data: null };
  const id = upstreamId(view);
  if (status === 'SUBMITTED') return { data: { id } };
  if (!view.scenario.ultra) return { data: arkTask({ ...view, id }) };
  const { resolution, durationMs } = view.scenario;
  const scenario = { ...view.scenario, resolution: smaller(resolution) };
  const inner = arkTask({ ...view, id, scenario, link: (variant) => view.link(variant === 'video' ? 'original' : variant) });
  if (!('usage' in inner)) return { data: inner };
  const usage = { ...inner.usage, super_resolution_tokens: tokensFor(resolution, durationMs) };
  return { data: { ...inner, super_resolution: resolution, usage } };
};

const task = (view: TaskView) => {
  const now = reportedStatus(view);
  return {
    code: 'success',
    message: '',
    data: {
      task_id: view.id,
      action: 'generate',
      status: now.status,
      ...(view.phase === 'succeeded' && {
        result_url: view.link('video'),
        ...(view.scenario.ultra && { original_result_url: view.link('original') }),
      }),
      fail_reason: failReason(view),
      submit_time: view.createdAt,
      start_time: view.startedAt ?? 0,
      finish_time: view.endedAt ?? 0,
      progress: `${now.progress}%`,
      request_id: `${integer(1, 9, view.id)}${randomString(29, digits, view.id, 'request')}`,
      ...upstream(view, now),
    },
  };
};

const errors: Readonly<Record<ErrorKind, (detail: string, requestId: string) => SimulatedResponse>> = {
  unauthorized: (message) => json(401, { error: { message, type: 'authentication_error', code: 'invalid_api_key' } }),
  'unknown-task': () => json(400, { code: 'task_not_exist', message: 'task_not_exist', data: null }),
  'bad-request': (message) => json(400, { code: 'invalid_request', message, data: null }),
  // The upstream's body is the message.
  moderated: (message, id) => json(400, { code: 'fail_to_fetch_task', message: ark.errorResponse('moderated', message, id).body, data: null }),
  'over-quota': (message) => json(403, { code: 'insufficient_user_quota', message, data: null }),
  'not-deletable': (message) => json(409, { code: 'task_not_cancellable', message, data: null }),
  'rate-limited': (message, id) => json(429, { error: { code: '', message: `${message} (request id: ${id})`, type: 'new_api_error' } }),
  'server-error': (message, id) => json(500, { error: { code: '', message: `${message} (request id: ${id})`, type: 'new_api_error' } }),
};

/** AnyFast. */
export const anyfast: Dialect = {
  task,
  created: ({ id, scenario, createdAt }) => ({
    id,
    task_id: id,
    object: 'video',
    model: scenario.model,
    status: '',
    progress: 0,
    created_at: createdAt,
  }),
  errorResponse: (why, detail, requestId) => errors[why](detail, requestId),
};
