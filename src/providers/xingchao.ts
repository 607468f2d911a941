/**
 * xingchaoyiqing: another brand on kyyAiPower's host, with the flat dialect.
 *
 * Source: docs.xingchaoyiqing.com, "query video task". Tasks and videos are kept 1 day. Previews in 480p may be polled every
 * 10 to 20 s. The page names no host: the address is that of the documentation's sample requests. The values of flex and of series 2.0 are
 * kyyAiPower's, on the same host.
 * @module
 */
import { flatVideo as dialect, flatVideoExpectedTimeMs, flatVideoPacing, flatVideoTierFactors } from '../wire/flat-video.js';
import { flatVideoCreation } from '../wire/creation.js';
import { defineProvider } from '../wire/provider.js';

/**
 * xingchaoyiqing: the flat dialect, polled every 30 to 60 s. Tasks and videos are kept 1 day.
 *
 * @example account(xingchao, { apiKey })
 */
export const xingchao = /* @__PURE__ */ defineProvider({
  id: 'xingchao',
  name: 'xingchaoyiqing',
  baseUrl: 'https://zcbservice.aizfw.cn/kyyReactApiServer',
  path: '/v1/result/{id}',
  create: flatVideoCreation,
  dialect,
  retention: { recordMs: 86_400_000, cancelledRecordMs: null, videoMs: 86_400_000 },
  tierFactors: flatVideoTierFactors,
  refundsFailures: null,
  documentation: 'https://docs.xingchaoyiqing.com',
  assumed: { pacing: "kyyAiPower's for flex", expectedTimeMs: "kyyAiPower's for flex and series 2.0", tierFactors: "kyyAiPower's" },
  pacing: flatVideoPacing,
  expectedTimeMs: flatVideoExpectedTimeMs,
});
