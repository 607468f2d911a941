/**
 * YEScale: Ark's task object under its own path, with a constant `message` (a label, also on success) and an echo of the request
 * (the prompt and the images' addresses: log it with care).
 * Source: im06lq19wz.apifox.cn, "get video by task ID" (api-316506193). The page shows a success only: its status words are taken
 * to be Ark's. Errors, limits, retention and pace are not documented: its account API descends from one-api and new-api, so that their
 * error shapes are recognised besides Ark's; pace and generation times are the origin's. Length and resolution stand in the echo's flags.
 */
import { arkExpectedTimeMs, arkPacing, labelledArk } from '../wire/ark.js';
import { newApiErrorReason } from '../wire/new-api-errors.js';
import { defineProvider } from '../wire/provider.js';

/** The address without the proxy in front, for long requests. */
export const yescaleDirectUrl = 'https://api.yescale.vip';

/**
 * YEScale: Ark's dialect and pace. Its snapshots hold the request that made the task: `snapshot.request`.
 *
 * @example account(yescale, { apiKey })
 */
export const yescale = /* @__PURE__ */ defineProvider({
  id: 'yescale',
  name: 'YEScale',
  baseUrl: 'https://api.yescale.io',
  path: '/seedance/generations/{id}',
  dialect: /* @__PURE__ */ labelledArk(newApiErrorReason),
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: null },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://im06lq19wz.apifox.cn/api-316506193',
  pacing: () => arkPacing,
  expectedTimeMs: arkExpectedTimeMs,
});
