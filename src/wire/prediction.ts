/**
 * The prediction dialect: an object with `status` and `output` or `outputs`, dates in ISO 8601, with or without an envelope
 * `{ code, message, data }`.
 * Source: wavespeed.ai/docs (get result, error codes), atlascloud.ai/docs (predictions), and Replicate's HTTP reference. A prediction may be of
 * any model, so `output` may hold anything: the first link that is not a picture's counts.
 */
import { AnyText, fieldsOf, IsoDate, Text, Unknown } from './codecs.js';
import type { Dialect } from './dialect.js';
import { errorDetailIn } from './error-detail.js';
import { noSettings } from './reading.js';
import { type StatusTable, statusOf } from './status-words.js';
import { linkInField } from './video-link.js';

const Prediction = /* @__PURE__ */ fieldsOf(
  {
    id: Text,
    model: Text,
    status: AnyText,
    /** Replicate: a link, a list or an object. */
    output: Unknown,
    /** WaveSpeed and Atlas Cloud: a list of links. */
    outputs: Unknown,
    error: Unknown,
    /** WaveSpeed: a number that says why a prediction failed; 0 for none. */
    code: Text,
    created_at: IsoDate,
    started_at: IsoDate,
    completed_at: IsoDate,
  },
  'Prediction',
);

/**
 * The prediction dialect with a provider's own words and errors.
 *
 * @example prediction({ starting: 'queued', processing: 'running', succeeded: 'succeeded', failed: 'failed' }, numericErrorReason)
 */
export const prediction = (statuses: StatusTable, errorReason: NonNullable<Dialect['errorReason']>): Dialect => ({
  name: 'prediction',
  statuses,
  errorReason,
  read: (body) => {
    const task = Prediction.read(body);
    if (task === null || task.status === null) return null;
    const error = errorDetailIn(task.error);
    return {
      status: statusOf(task.status, statuses),
      providerStatus: task.status,
      id: task.id,
      progress: null,
      model: task.model,
      createdAtMs: task.created_at,
      startedAtMs: task.started_at,
      updatedAtMs: null,
      finishedAtMs: task.completed_at,
      expiresAfterMs: null,
      usage: null,
      settings: noSettings,
      videoUrl: linkInField(task.outputs) ?? linkInField(task.output),
      lastFrameUrl: null,
      originalUrl: null,
      errors: [error && { code: error.code ?? (task.code === '0' ? null : task.code), message: error.message }],
      requestId: null,
      objectType: null,
      notice: null,
      request: null,
      inner: null,
    };
  },
});
