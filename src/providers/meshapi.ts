/**
 * Mesh API: BytePlus ModelArk's task object under its own path.
 *
 * Source: developers.meshapi.ai, "video generation" and "create video generation". From documentation, not tried live. The pages name the words
 * `succeeded`, `failed` and `expired`, and the HTTP statuses 401, 402, 422, 429 and 502 without their bodies; the other words, the intervals
 * and the times are Ark's. The parameters of its list, limits, retention and prices are undocumented.
 * @module
 */
import { ark as dialect, arkExpectedTimeMs, arkPacing } from '../wire/ark.js';
import { defineProvider } from '../wire/provider.js';

/**
 * Mesh API: BytePlus ModelArk's dialect. Links expire by their signature.
 *
 * @example account(meshapi, { apiKey })
 */
export const meshapi = /* @__PURE__ */ defineProvider({
  id: 'meshapi',
  name: 'Mesh API',
  baseUrl: 'https://api.meshapi.ai',
  path: '/v1/video/generations/{id}',
  dialect,
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: null },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://developers.meshapi.ai/docs/guides/video-generation',
  assumed: { statuses: "Ark's", pacing: "Ark's", minIntervalMs: "Ark's", expectedTimeMs: "Ark's" },
  pacing: () => arkPacing,
  expectedTimeMs: arkExpectedTimeMs,
});
