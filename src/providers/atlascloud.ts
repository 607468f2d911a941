/**
 * Atlas Cloud: WaveSpeed's form of a prediction under its own path.
 *
 * Source: atlascloud.ai/docs/en/predictions, and its MCP server for the word `succeeded`. From documentation, not tried live. Its samples
 * poll every 2 to 3 s. Errors, limits, retention, refunds and generation times are undocumented; the shape of errors is that of its envelope.
 * @module
 */
import { numericErrorReason } from '../wire/numeric-errors.js';
import { prediction } from '../wire/prediction.js';
import { defineProvider } from '../wire/provider.js';

/**
 * Atlas Cloud: the prediction dialect, polled every 10 s.
 *
 * @example account(atlascloud, { apiKey })
 */
export const atlascloud = /* @__PURE__ */ defineProvider({
  id: 'atlascloud',
  name: 'Atlas Cloud',
  baseUrl: 'https://api.atlascloud.ai/api/v1',
  path: '/model/prediction/{id}',
  dialect: /* @__PURE__ */ prediction({ processing: 'running', completed: 'succeeded', succeeded: 'succeeded', failed: 'failed' }, numericErrorReason),
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: null },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://atlascloud.ai/docs/en/predictions',
  assumed: { pacing: "this library's", minIntervalMs: "this library's" },
  pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 10_000 } }),
  expectedTimeMs: () => null,
});
