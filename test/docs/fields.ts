/**
 * The documented fields of the providers' responses, by dialect, and the two bodies of each dialect into which a test puts them one at a
 * time. Source: the pages of the providers (see the top of each file in src/providers), the task types of Ark's SDKs, and new-api's source.
 */
import { ark, type Dialect, flatVideo, newApi, numericErrorReason, prediction } from 'rx-seedance/provider-kit';
import { kieDialect } from 'rx-seedance/providers/kie';
import { openrouterDialect } from 'rx-seedance/providers/openrouter';

/** A field of a response. */
export interface Field {
  /** `a.b` is the field `b` of the object `a`; `header x` is a header. */
  readonly path: string;
  /** Its type on the wire. */
  readonly type: string;
  /** A value that is recognised in the snapshot. */
  readonly sample: unknown;
  /** The body that it is put into. Default: `succeeded`. */
  readonly into?: 'failed';
  /** Fields that take precedence over it, and are left out. */
  readonly without?: readonly string[];
  /** Fields that it needs. */
  readonly needs?: Readonly<Record<string, unknown>>;
  /** The value to compare with, for a field that a task needs. Default: the field is missing. */
  readonly instead?: unknown;
  /** When it counts, for people. */
  readonly when?: string;
  /** The only providers of the dialect that document it. */
  readonly only?: readonly string[];
  /** Relays and older servers send it; no provider documents it. */
  readonly isUndocumented?: true;
  /** The snapshot has it nowhere: it is in `raw` alone. */
  readonly isRaw?: true;
  readonly note?: string;
}

/** What the page needs of a dialect. */
export interface DialectFields {
  readonly dialect: Dialect;
  readonly fields: readonly Field[];
  /** Bodies of a task with the id `task-1`. */
  readonly bodies: { readonly succeeded: object; readonly failed: object };
  /** Other forms of the fields above, which are read as well. */
  readonly otherForms: RegExp;
  /** Removes an envelope from a path. */
  readonly withoutEnvelope: (path: string) => string;
}

const unixSeconds = 'integer, Unix seconds';
const requestId: Field = { path: 'header x-request-id', type: 'string', sample: 'request-1' };

const arkFields: readonly Field[] = [
  { path: 'id', type: 'string', sample: 'upstream-1', when: "other than the ref's" },
  { path: 'model', type: 'string', sample: 'model-1' },
  { path: 'status', type: 'string', sample: 'running', instead: 'queued' },
  { path: 'error.code', type: 'string', sample: 'InternalServiceError', into: 'failed', needs: { 'error.message': 'a message' } },
  { path: 'error.message', type: 'string', sample: 'timeout 1', into: 'failed' },
  { path: 'failure_reason.code', type: 'string', sample: 'InternalServiceError.2', into: 'failed', without: ['error'], needs: { 'failure_reason.message': 'timeout 2' } },
  { path: 'failure_reason.message', type: 'string', sample: 'timeout 3', into: 'failed', without: ['error'] },
  { path: 'content.video_url', type: 'string', sample: 'https://video.example/1.mp4' },
  { path: 'content.last_frame_url', type: 'string', sample: 'https://video.example/1.png' },
  { path: 'content.file_url', type: 'string', sample: 'https://video.example/1.glb', isRaw: true },
  { path: 'usage.completion_tokens', type: 'integer', sample: 1001 },
  { path: 'usage.total_tokens', type: 'integer', sample: 1002 },
  { path: 'usage.tool_usage', type: 'object of integers', sample: { web_search: 3 } },
  { path: 'tools', type: 'array of `{ type }`', sample: [{ type: 'web_search' }] },
  { path: 'created_at', type: unixSeconds, sample: 1_772_000_001 },
  { path: 'updated_at', type: unixSeconds, sample: 1_772_000_102, when: '`finishedAtMs` once the task has ended' },
  { path: 'seed', type: 'integer', sample: 4301 },
  { path: 'resolution', type: 'string', sample: '480p' },
  { path: 'ratio', type: 'string', sample: '16:9' },
  { path: 'duration', type: 'number, seconds', sample: 7 },
  { path: 'frames', type: 'integer', sample: 121, needs: { framespersecond: 24 } },
  { path: 'framespersecond', type: 'integer', sample: 25 },
  { path: 'generate_audio', type: 'boolean', sample: true },
  { path: 'draft', type: 'boolean', sample: true },
  { path: 'draft_task_id', type: 'string', sample: 'draft-1' },
  { path: 'service_tier', type: 'string', sample: 'flex' },
  { path: 'execution_expires_after', type: 'integer, seconds', sample: 7200 },
  { path: 'priority', type: 'integer', sample: 3 },
  { path: 'safety_identifier', type: 'string', sample: 'user-1' },
  { path: 'output_format', type: 'string', sample: 'mov', isRaw: true },
  { path: 'revised_prompt', type: 'string', sample: 'a heron', isRaw: true },
  { path: 'subdivisionlevel', type: 'string', sample: 'medium', isRaw: true },
  { path: 'fileformat', type: 'string', sample: 'glb', isRaw: true },
];

const superResolution: readonly Field[] = [
  { path: 'super_resolution', type: 'string', sample: '2k' },
  { path: 'usage.super_resolution_tokens', type: 'integer', sample: 1003 },
];

const yescaleFields: readonly Field[] = [
  { path: 'message', type: 'string', sample: 'a label', only: ['yescale'] },
  { path: 'request.model', type: 'string', sample: 'model-2', only: ['yescale'] },
  { path: 'request.content', type: 'array', sample: [{ type: 'text', text: 'a heron --resolution 1080p --duration 9' }], only: ['yescale'] },
];

const undocumented = ({ path, ...field }: Field): Field => ({ ...field, path, isUndocumented: true });

const arkDialect: DialectFields = {
  dialect: ark,
  fields: [
    ...arkFields,
    ...yescaleFields,
    requestId,
    ...superResolution.map(undocumented),
    { path: 'object', type: 'string', sample: 'video', isUndocumented: true },
    { path: 'message', type: 'string', sample: 'a message', only: ['ark', 'powertokens'], isUndocumented: true },
    { path: 'message', type: 'string', sample: 'a message', into: 'failed', without: ['error'], when: 'failed, without `error`', only: ['ark', 'powertokens'], isUndocumented: true },
  ],
  bodies: {
    succeeded: {
      ...{ id: 'task-1', status: 'succeeded', created_at: 1_772_000_000, updated_at: 1_772_000_100, execution_expires_after: 3600 },
      content: { video_url: 'https://video.example/0.mp4' },
    },
    failed: { id: 'task-1', status: 'failed', error: { code: 'a-code', message: 'a message' } },
  },
  // `content` as an array, an object around a link, `msg` for `message`, other forms of an error.
  otherForms: /^content\[\]|\.url$|\bmsg$|^(?:code|success|data)$|^(?:error|failure_reason)\.(?:error|data|title|detail)$/,
  withoutEnvelope: (path) => path.replace(/^(?:data\.)+/, ''),
};

const flatFields: readonly Field[] = [
  { path: 'id', type: 'string', sample: 'upstream-1', when: "other than the ref's" },
  { path: 'object', type: 'string', sample: 'video' },
  { path: 'created', type: unixSeconds, sample: 1_772_000_001 },
  { path: 'model', type: 'string', sample: 'seedance_1_5_pro_720p' },
  { path: 'status', type: 'string', sample: 'processing', instead: 'queued' },
  { path: 'video_url', type: 'string', sample: 'https://video.example/1.mp4' },
  { path: 'last_frame_url', type: 'string', sample: 'https://video.example/1.png' },
  { path: 'officialMediaUrl', type: 'string', sample: 'https://video.example/2.mp4' },
  { path: 'error', type: 'string', sample: 'timeout 1', into: 'failed' },
  { path: 'actualDuration', type: 'number, seconds', sample: 7 },
  { path: 'totalTokens', type: 'integer, or a string with one', sample: 1002 },
  { path: 'amount', type: 'number', sample: 1.5, isRaw: true },
  requestId,
  { path: 'duration', type: 'number, seconds', sample: 8, isUndocumented: true },
  { path: 'message', type: 'string', sample: 'timeout 2', into: 'failed', without: ['error'], when: 'failed, without `error`', isUndocumented: true },
];

const flatDialect: DialectFields = {
  dialect: flatVideo,
  fields: flatFields,
  bodies: {
    succeeded: { id: 'task-1', status: 'completed', created: 1_772_000_000, video_url: 'https://video.example/0.mp4' },
    failed: { id: 'task-1', status: 'failed', error: 'a message' },
  },
  otherForms: /^error\.\w+$|^(?:code|success|data)$/,
  withoutEnvelope: arkDialect.withoutEnvelope,
};

const inside = ({ path, without = [], needs = {}, into, when, ...field }: Field): Field => ({
  ...field,
  path: `data.data.${path}`,
  ...(into === undefined ? { without: without.map((name) => `data.data.${name}`) } : { into, without: ['data.fail_reason', ...without.map((name) => `data.data.${name}`)] }),
  needs: Object.fromEntries(Object.entries(needs).map(([name, value]) => [`data.data.${name}`, value])),
  ...(when === undefined ? {} : { when }),
});

/** Fields of the upstream that the envelope has too: the envelope's take precedence. */
const hidden: Readonly<Record<string, Partial<Field>>> = {
  id: { sample: 'upstream-2' },
  status: { sample: 'running', instead: 'queued' },
  'content.video_url': { sample: 'https://video.example/3.mp4', without: ['data.result_url'], when: 'without `data.result_url`' },
  created_at: { sample: 1_772_000_003, without: ['data.submit_time'], when: 'without `data.submit_time`' },
  updated_at: { sample: 1_772_000_104, when: '' },
};

const newApiFields: readonly Field[] = [
  { path: 'code', type: 'string', sample: 'success', isRaw: true, note: 'whether the request succeeded, not the task' },
  { path: 'message', type: 'string', sample: 'a message' },
  { path: 'data.task_id', type: 'string', sample: 'upstream-1', without: ['data.data'], when: "other than the ref's" },
  { path: 'data.id', type: 'integer', sample: 154, isRaw: true, note: 'a database row' },
  { path: 'data.status', type: 'string', sample: 'IN_PROGRESS', instead: 'QUEUED' },
  { path: 'data.fail_reason', type: 'string', sample: 'timeout 4', into: 'failed', when: 'failed' },
  { path: 'data.fail_reason', type: 'string', sample: 'https://video.example/4.mp4', without: ['data.result_url'], when: 'succeeded, without another link' },
  { path: 'data.result_url', type: 'string', sample: 'https://video.example/5.mp4', when: 'succeeded' },
  { path: 'data.result_url', type: 'string', sample: 'timeout 5', into: 'failed', without: ['data.fail_reason'], when: 'failed, without `data.fail_reason`' },
  { path: 'data.original_result_url', type: 'string', sample: 'https://video.example/6.mp4' },
  { path: 'data.submit_time', type: unixSeconds, sample: 1_772_000_004, needs: { 'data.data.execution_expires_after': 3600 } },
  { path: 'data.start_time', type: unixSeconds, sample: 1_772_000_005 },
  { path: 'data.finish_time', type: unixSeconds, sample: 1_772_000_106 },
  { path: 'data.progress', type: 'string, such as `"50%"`', sample: '50%' },
  { path: 'data.action', type: 'string', sample: 'referenceGenerate' },
  { path: 'data.request_id', type: 'string', sample: 'request-2' },
  { path: 'data.created_at', type: unixSeconds, sample: 1_772_000_007, without: ['data.submit_time'], when: 'without `data.submit_time`' },
  { path: 'data.updated_at', type: unixSeconds, sample: 1_772_000_108 },
  { path: 'data.updated_at', type: unixSeconds, sample: 1_772_000_109, without: ['data.finish_time'], when: 'once the task has ended, without `data.finish_time`' },
  ...['platform', 'user_id', 'group', 'channel_id', 'quota', 'username', 'properties'].map((name): Field => ({ path: `data.${name}`, type: 'any', sample: 'a value', isRaw: true })),
  ...[...arkFields, ...superResolution].map((field) => inside({ ...field, ...(hidden[field.path]?.without === undefined ? hidden[field.path] : {}) }))
    .map((field): Field => ({ ...field, ...hidden[field.path.replace('data.data.', '')] })),
  {
    ...{ path: 'data.data.content.video_url', type: 'string', sample: 'https://video.example/8.mp4', needs: { 'data.data.super_resolution': '2k' } },
    ...{ without: ['data.original_result_url'], when: 'with `super_resolution`, without `data.original_result_url`' },
  },
  requestId,
  { path: 'data.url', type: 'string', sample: 'https://video.example/7.mp4', without: ['data.result_url'], when: 'without another link', isUndocumented: true },
  { path: 'data.completed_at', type: unixSeconds, sample: 1_772_000_110, without: ['data.finish_time'], when: 'once the task has ended, without `data.finish_time`', isUndocumented: true },
  { path: 'data.finished_at', type: unixSeconds, sample: 1_772_000_111, without: ['data.finish_time'], when: 'once the task has ended, without `data.finish_time`', isUndocumented: true },
  { path: 'data.data.object', type: 'string', sample: 'video', isUndocumented: true },
  { path: 'data.data.message', type: 'string', sample: 'timeout 6', into: 'failed', without: ['data.fail_reason'], when: 'failed, without another reason', isUndocumented: true },
  { path: 'data.data.request.model', type: 'string', sample: 'model-2', isUndocumented: true },
  { path: 'data.data.request.content', type: 'array', sample: [{ type: 'text', text: 'a heron' }], isUndocumented: true },
];

const newApiDialect: DialectFields = {
  dialect: newApi,
  fields: newApiFields,
  bodies: {
    succeeded: {
      ...{ code: 'success', message: '' },
      data: {
        ...{ task_id: 'task-1', status: 'SUCCESS', result_url: 'https://video.example/0.mp4', submit_time: 1_772_000_000, finish_time: 1_772_000_100 },
        data: { id: 'upstream-0', status: 'succeeded' },
      },
    },
    failed: { code: 'success', message: '', data: { task_id: 'task-1', status: 'FAILURE', fail_reason: 'a message', data: { id: 'upstream-0' } } },
  },
  // Ark's other forms; an internal state inside; the older form with `format` and `metadata`.
  otherForms: /^content\[\]|\.url$|\bmsg$|^(?:success|error|data|title|detail)$|^(?:error|failure_reason)\.(?:error|data|title|detail)$|^(?:next_task_id|phase|provider)$|^format$|^metadata\./,
  withoutEnvelope: arkDialect.withoutEnvelope,
};

const unixMs = 'integer, Unix ms';

const kieFields: DialectFields = {
  dialect: kieDialect,
  fields: [
    { path: 'code', type: 'integer', sample: 200, isRaw: true, note: 'whether the request succeeded, not the task' },
    { path: 'message', type: 'string', sample: 'a message' },
    { path: 'data.taskId', type: 'string', sample: 'upstream-1', when: "other than the ref's" },
    { path: 'data.model', type: 'string', sample: 'model-1' },
    { path: 'data.state', type: 'string', sample: 'generating', instead: 'waiting' },
    { path: 'data.resultJson', type: 'JSON text', sample: '{"resultUrls":["https://video.example/1.mp4"]}' },
    { path: 'data.failCode', type: 'string', sample: 'InternalServiceError', into: 'failed', needs: { 'data.failMsg': 'a message' } },
    { path: 'data.failMsg', type: 'string', sample: 'timeout 1', into: 'failed' },
    { path: 'data.createTime', type: unixMs, sample: 1_772_000_001_000 },
    { path: 'data.updateTime', type: unixMs, sample: 1_772_000_101_000 },
    { path: 'data.completeTime', type: unixMs, sample: 1_772_000_102_000 },
    { path: 'data.param', type: 'JSON text', sample: '{"input":{"prompt":"a heron"}}', isRaw: true, note: 'the request, with the prompt' },
    requestId,
  ],
  bodies: {
    succeeded: {
      ...{ code: 200, message: 'success' },
      data: { taskId: 'task-1', state: 'success', resultJson: '{"resultUrls":["https://video.example/0.mp4"]}', createTime: 1_772_000_000_000, completeTime: 1_772_000_100_000 },
    },
    failed: { code: 200, message: 'success', data: { taskId: 'task-1', state: 'fail', failMsg: 'a message' } },
  },
  otherForms: /^msg$/,
  withoutEnvelope: arkDialect.withoutEnvelope,
};

const isoDate = 'string, ISO 8601';
const inEnvelope = ['atlascloud', 'wavespeed'];

const predictionFields: DialectFields = {
  dialect: prediction({}, numericErrorReason),
  fields: [
    { path: 'id', type: 'string', sample: 'upstream-1', when: "other than the ref's" },
    { path: 'model', type: 'string', sample: 'model-1' },
    { path: 'status', type: 'string', sample: 'processing', instead: 'created' },
    { path: 'outputs', type: 'array of links', sample: ['https://video.example/1.mp4'], only: inEnvelope },
    { path: 'error', type: 'string', sample: 'timeout 1', into: 'failed' },
    { path: 'code', type: 'integer', sample: '1402', into: 'failed', only: ['wavespeed'] },
    { path: 'created_at', type: isoDate, sample: '2026-02-25T06:13:21.000Z' },
    { path: 'has_nsfw_contents', type: 'array of booleans', sample: [true], only: ['wavespeed'], isRaw: true },
    { path: 'output', type: 'link, array of links or object', sample: 'https://video.example/2.mp4', without: ['outputs'], only: ['replicate'] },
    { path: 'started_at', type: isoDate, sample: '2026-02-25T06:14:00.000Z', only: ['replicate'] },
    { path: 'completed_at', type: isoDate, sample: '2026-02-25T06:15:01.000Z', only: ['replicate'] },
    { path: 'urls', type: 'object of links', sample: { get: 'https://api.example/1' }, isRaw: true, note: 'addresses of the API' },
    { path: 'version', type: 'string', sample: 'version-1', only: ['replicate'], isRaw: true },
    { path: 'input', type: 'object', sample: { prompt: 'a heron' }, only: ['replicate'], isRaw: true, note: 'the request, with the prompt' },
    { path: 'logs', type: 'string', sample: 'a log', only: ['replicate'], isRaw: true },
    { path: 'metrics', type: 'object', sample: { predict_time: 1 }, only: ['replicate'], isRaw: true },
    { path: 'data_removed', type: 'boolean', sample: true, only: ['replicate'], isRaw: true },
    { path: 'timings', type: 'object', sample: { inference: 1 }, only: ['wavespeed'], isRaw: true },
    { path: 'executionTime', type: 'integer, ms', sample: 1, only: ['wavespeed'], isRaw: true },
    requestId,
  ],
  bodies: {
    succeeded: { id: 'task-1', status: 'completed', outputs: ['https://video.example/0.mp4'], created_at: '2026-02-25T06:13:20.000Z', completed_at: '2026-02-25T06:15:00.000Z' },
    failed: { id: 'task-1', status: 'failed', error: 'a message' },
  },
  // The envelope of WaveSpeed and Atlas Cloud.
  otherForms: /^(?:code|message|data)$/,
  withoutEnvelope: arkDialect.withoutEnvelope,
};

const openrouterFields: DialectFields = {
  dialect: openrouterDialect,
  fields: [
    { path: 'id', type: 'string', sample: 'upstream-1', when: "other than the ref's" },
    { path: 'model', type: 'string', sample: 'model-1', isUndocumented: true },
    { path: 'status', type: 'string', sample: 'in_progress', instead: 'pending' },
    { path: 'urls', type: 'array of signed links', sample: ['https://video.example/1.mp4'] },
    { path: 'unsigned_urls', type: 'array of links that need the key', sample: ['https://video.example/2'], without: ['urls'] },
    { path: 'error', type: 'string', sample: 'timeout 1', into: 'failed' },
    { path: 'polling_url', type: 'string', sample: '/api/v1/videos/task-1', isRaw: true },
    { path: 'generation_id', type: 'string', sample: 'gen-1', isRaw: true },
    { path: 'usage', type: 'object', sample: { cost: 0.5, is_byok: false }, isRaw: true, note: 'the cost in USD' },
    requestId,
  ],
  bodies: {
    succeeded: { id: 'task-1', status: 'completed', urls: ['https://video.example/0.mp4'] },
    failed: { id: 'task-1', status: 'failed', error: 'a message' },
  },
  otherForms: /^(?!)/,
  withoutEnvelope: arkDialect.withoutEnvelope,
};

/** The dialects of this package. */
export const dialects: readonly DialectFields[] = [arkDialect, flatDialect, newApiDialect, kieFields, predictionFields, openrouterFields];
