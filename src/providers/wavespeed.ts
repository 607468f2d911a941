/**
 * WaveSpeed: predictions of many models, in an envelope `{ code, message, data }`.
 *
 * Source: wavespeed.ai/docs, "how to get result", "what are predictions" and "error codes". From documentation, not tried live. Predictions and their
 * outputs are kept 7 days. Its samples poll every second or two. A failed prediction has a number: 1200 is moderation, 14xx the input, 5004 a timeout; only
 * the words of `error` decide the reason here. `has_nsfw_contents` is in `raw` alone. The list of predictions is a POST, so it is not used.
 * HTTP errors, limits, refunds and generation times are undocumented; the shape of its errors is that of its envelope.
 * @module
 */
import { numericErrorReason } from '../wire/numeric-errors.js';
import { prediction } from '../wire/prediction.js';
import { defineProvider } from '../wire/provider.js';

/**
 * WaveSpeed: the prediction dialect, polled every 10 s. Predictions and videos are kept 7 days.
 *
 * @example account(wavespeed, { apiKey })
 */
export const wavespeed = /* @__PURE__ */ defineProvider({
  id: 'wavespeed',
  name: 'WaveSpeed',
  baseUrl: 'https://api.wavespeed.ai/api/v3',
  path: '/predictions/{id}/result',
  dialect: /* @__PURE__ */ prediction({ created: 'queued', processing: 'running', completed: 'succeeded', failed: 'failed' }, numericErrorReason),
  retention: { recordMs: 7 * 86_400_000, cancelledRecordMs: null, videoMs: 7 * 86_400_000 },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://wavespeed.ai/docs/get-result',
  assumed: { pacing: "this library's", minIntervalMs: "this library's" },
  pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 10_000 } }),
  expectedTimeMs: () => null,
});
