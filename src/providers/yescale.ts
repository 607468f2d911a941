/**
 * YEScale: Ark's task object under its own path, with a constant `message` (a label, also on success) and an echo of the request
 * (the prompt and the images' addresses: log it with care).
 *
 * Source: im06lq19wz.apifox.cn, "get video by task ID" (api-316506193). The page shows only a success; the status words are
 * assumed to be Ark's. Errors, limits, retention and polling interval are undocumented. Its account API derives from one-api and new-api, so
 * their error shapes are recognised besides Ark's. Polling interval and generation times are the origin's. Length and resolution are in the
 * echoed request's flags.
 * @module
 */
import { arkExpectedTimeMs, arkPacing, labelledArk } from '../wire/ark.js';
import { newApiErrorReason } from '../wire/new-api-errors.js';
import { arkCreation } from '../wire/creation.js';
import { defineProvider } from '../wire/provider.js';

/** The address that bypasses the proxy, for long requests. */
export const yescaleDirectUrl = 'https://api.yescale.vip';

/**
 * YEScale: Ark's dialect and polling interval. `snapshot.request` holds the request that created the task.
 *
 * @example account(yescale, { apiKey })
 */
export const yescale = /* @__PURE__ */ defineProvider({
  id: 'yescale',
  name: 'YEScale',
  baseUrl: 'https://api.yescale.io',
  otherBaseUrls: { 'without the proxy': yescaleDirectUrl },
  path: '/seedance/generations/{id}',
  create: /* @__PURE__ */ arkCreation('/seedance/generations'),
  dialect: /* @__PURE__ */ labelledArk(newApiErrorReason),
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: null },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://im06lq19wz.apifox.cn/api-316506193',
  assumed: { statuses: "Ark's", pacing: "Ark's", minIntervalMs: "Ark's", expectedTimeMs: "Ark's" },
  pacing: () => arkPacing,
  expectedTimeMs: arkExpectedTimeMs,
});
