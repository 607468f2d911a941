/**
 * kyyAiPower (GlobalAiOpc): the flat dialect, one result path for all its models.
 * Source: its page "Seedance query video task". The page has the base path `/kyyAiPower` and keeps tasks and videos 7 days; today's
 * documentation (docs.globalaiopc.com) has `/kyyReactApiServer` and 1 day: the page's figures are the default, today's are
 * `kyyaipowerV2`. A passing 401 has been met while polling.
 */
import { flatVideo as dialect, flatVideoExpectedTimeMs, flatVideoPacing, flatVideoTierFactors } from '../wire/flat-video.js';
import { defineProvider } from '../wire/provider.js';

const facts = {
  id: 'kyyaipower',
  name: 'kyyAiPower',
  baseUrl: 'https://zcbservice.aizfw.cn/kyyAiPower',
  path: '/v1/result/{id}',
  dialect,
  retention: { recordMs: 7 * 86_400_000, cancelledRecordMs: null, videoMs: 7 * 86_400_000 },
  tierFactors: flatVideoTierFactors,
  refundsFailures: null,
  documentation: 'https://docs.globalaiopc.com',
  pacing: flatVideoPacing,
  expectedTimeMs: flatVideoExpectedTimeMs,
} as const;

/**
 * kyyAiPower: the flat dialect, polled every 30 to 60 s. Tasks and videos are kept 7 days.
 *
 * @example account(kyyaipower, { apiKey })
 */
export const kyyaipower = /* @__PURE__ */ defineProvider(facts);

/** The same provider as its newer documentation has it: another base path, and 1 day for tasks and videos. */
export const kyyaipowerV2 = /* @__PURE__ */ defineProvider({
  ...facts,
  baseUrl: 'https://zcbservice.aizfw.cn/kyyReactApiServer',
  retention: { recordMs: 86_400_000, cancelledRecordMs: null, videoMs: 86_400_000 },
});
