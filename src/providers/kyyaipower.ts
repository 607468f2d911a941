/**
 * kyyAiPower (GlobalAiOpc): the flat dialect, one result path for all its models.
 *
 * Source: its page "Seedance query video task". It has the base path `/kyyAiPower` and keeps tasks and videos 7 days: these are the
 * values of `kyyaipower`. The newer documentation (docs.globalaiopc.com) has `/kyyReactApiServer` and 1 day: these are the values of
 * `kyyaipowerV2`. The minimum interval and the values of 480p are xingchaoyiqing's, on the same host. Polls may get a transient 401.
 * @module
 */
import { flatVideo as dialect, flatVideoExpectedTimeMs, flatVideoPacing, flatVideoTierFactors } from '../wire/flat-video.js';
import { flatVideoCreation } from '../wire/creation.js';
import { defineProvider } from '../wire/provider.js';

/** The base URL of the newer documentation. */
const newerUrl = 'https://zcbservice.aizfw.cn/kyyReactApiServer';

const facts = {
  id: 'kyyaipower',
  name: 'kyyAiPower',
  baseUrl: 'https://zcbservice.aizfw.cn/kyyAiPower',
  otherBaseUrls: { 'newer documentation': newerUrl },
  path: '/v1/result/{id}',
  create: flatVideoCreation,
  dialect,
  retention: { recordMs: 7 * 86_400_000, cancelledRecordMs: null, videoMs: 7 * 86_400_000 },
  tierFactors: flatVideoTierFactors,
  refundsFailures: null,
  documentation: 'https://docs.globalaiopc.com',
  assumed: { pacing: "xingchaoyiqing's for 480p", minIntervalMs: "xingchaoyiqing's", expectedTimeMs: "xingchaoyiqing's for 480p" },
  pacing: flatVideoPacing,
  expectedTimeMs: flatVideoExpectedTimeMs,
} as const;

/**
 * kyyAiPower: the flat dialect, polled every 30 to 60 s. Tasks and videos are kept 7 days.
 *
 * @example account(kyyaipower, { apiKey })
 */
export const kyyaipower = /* @__PURE__ */ defineProvider(facts);

/** The same provider by its newer documentation: another base path, and 1 day for tasks and videos. */
export const kyyaipowerV2 = /* @__PURE__ */ defineProvider({
  ...facts,
  baseUrl: newerUrl,
  otherBaseUrls: { 'older documentation': facts.baseUrl },
  retention: { recordMs: 86_400_000, cancelledRecordMs: null, videoMs: 86_400_000 },
});
