/**
 * YEScale: Ark's task object under its own path, with a constant `message` (a label, also on success) and an echo of the request
 * (the prompt and the images' addresses: log it with care).
 * Source: im06lq19wz.apifox.cn, "get video by task ID" (api-316506193). The page shows a success only: its status words are taken
 * to be Ark's. Errors, limits, retention and pace are not documented; pace and generation times are the origin's.
 */
import { ark as dialect, arkExpectedTimeMs, arkPacing } from '../wire/ark.js';
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
  dialect,
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: null },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://im06lq19wz.apifox.cn/api-316506193',
  pacing: () => arkPacing,
  expectedTimeMs: arkExpectedTimeMs,
});
