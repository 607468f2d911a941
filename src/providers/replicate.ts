/**
 * Replicate: predictions of many models, without an envelope.
 *
 * Source: replicate.com/docs, "prediction lifecycle", "data retention", "rate limits", "output files", and the HTTP reference for a prediction and for
 * errors (`{ title, detail, status }`). From documentation, not tried live. The output and the files of a prediction that the API created are
 * removed after an hour: the prediction stays, with `data_removed` and without a link. A prediction runs for at most 30 minutes. The status
 * `aborted` means that a deadline passed before the start, `canceled` that somebody canceled it or that a deadline passed after the start. An account has 3000
 * requests per minute. The list of predictions cannot be asked for by ids. The polling interval, the retention of the prediction itself, refunds
 * and generation times are undocumented; the interval is Ark's.
 * @module
 */
import { arkPacing } from '../wire/ark.js';
import { PlainObject, Text, textIn } from '../wire/codecs.js';
import type { Dialect } from '../wire/dialect.js';
import { reasonOfStatus } from '../wire/error-response.js';
import { prediction } from '../wire/prediction.js';
import { defineProvider } from '../wire/provider.js';

const statuses = { starting: 'queued', processing: 'running', succeeded: 'succeeded', failed: 'failed', canceled: 'cancelled', aborted: 'expired' } as const;

/** `{ title, detail, status }` repeats the HTTP status; a body of a proxy does not. */
const errorReason: NonNullable<Dialect['errorReason']> = (status, body) =>
  PlainObject.is(body) && Text.read(body['detail']) !== null && textIn(body['status']) === String(status) ? reasonOfStatus(status) : null;

/**
 * Replicate: the prediction dialect, at Ark's polling interval. Links expire an hour after the end: save videos at once.
 *
 * @example account(replicate, { apiKey })
 */
export const replicate = /* @__PURE__ */ defineProvider({
  id: 'replicate',
  name: 'Replicate',
  baseUrl: 'https://api.replicate.com/v1',
  path: '/predictions/{id}',
  dialect: /* @__PURE__ */ prediction(statuses, errorReason),
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: 3_600_000 },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://replicate.com/docs/topics/predictions/lifecycle',
  assumed: { pacing: "Ark's", minIntervalMs: "Ark's" },
  pacing: () => arkPacing,
  expectedTimeMs: () => null,
});
