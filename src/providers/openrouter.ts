/**
 * OpenRouter: video jobs of many models, one flat object.
 *
 * Source: openrouter.ai/docs, "video generation" and "poll video generation status"; its `openrouter-video` skill; a recorded answer in
 * CopilotKit/aimock#261. From documentation, not tried live. It recommends a poll every 10 to 30 s. `urls`, where it is sent, has signed links; the
 * links of `unsigned_urls` are on its own host and need the key, in the header that requests for tasks have. The response has no times and no settings;
 * `usage.cost` (USD) is in `raw` alone. Errors are `{ error: { code, message } }` with the HTTP status as the code. Retention, limits,
 * refunds and exact generation times are undocumented.
 * @module
 */
import { AnyText, fieldsOf, PlainObject, Text, textIn, Unknown } from '../wire/codecs.js';
import type { Dialect } from '../wire/dialect.js';
import { errorDetailIn } from '../wire/error-detail.js';
import { reasonOfStatus } from '../wire/error-response.js';
import { defineProvider } from '../wire/provider.js';
import { noSettings } from '../wire/reading.js';
import { type StatusTable, statusOf } from '../wire/status-words.js';
import { linkInField } from '../wire/video-link.js';

const statuses = {
  pending: 'queued',
  in_progress: 'running',
  completed: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
  expired: 'expired',
} as const satisfies StatusTable;

const VideoJob = /* @__PURE__ */ fieldsOf({ id: Text, model: Text, status: AnyText, urls: Unknown, unsigned_urls: Unknown, error: Unknown }, 'VideoJob');

/** Reads a video job of OpenRouter. A signed link takes precedence, because it needs no key. */
export const openrouterDialect: Dialect = {
  name: 'openrouter',
  statuses,
  errorReason: (status, body) => {
    const error = PlainObject.is(body) ? body['error'] : null;
    return PlainObject.is(error) && textIn(error['code']) === String(status) && textIn(error['message']) !== null ? reasonOfStatus(status) : null;
  },
  read: (body) => {
    const job = VideoJob.read(body);
    if (job === null || job.status === null) return null;
    return {
      status: statusOf(job.status, statuses),
      providerStatus: job.status,
      id: job.id,
      progress: null,
      model: job.model,
      createdAtMs: null,
      startedAtMs: null,
      updatedAtMs: null,
      finishedAtMs: null,
      expiresAfterMs: null,
      usage: null,
      settings: noSettings,
      videoUrl: linkInField(job.urls) ?? linkInField(job.unsigned_urls),
      lastFrameUrl: null,
      originalUrl: null,
      errors: [errorDetailIn(job.error)],
      requestId: null,
      objectType: null,
      notice: null,
      request: null,
      inner: null,
    };
  },
};

/**
 * OpenRouter: its own dialect, polled every 10 to 30 s.
 *
 * @example account(openrouter, { apiKey })
 */
export const openrouter = /* @__PURE__ */ defineProvider({
  id: 'openrouter',
  name: 'OpenRouter',
  baseUrl: 'https://openrouter.ai/api/v1',
  path: '/videos/{id}',
  dialect: openrouterDialect,
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: null },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://openrouter.ai/docs/api_reference/videos',
  pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 30_000 }, longestMs: 30_000 }),
  expectedTimeMs: () => null,
});
