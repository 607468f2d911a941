/**
 * PowerTokens: forwards BytePlus ModelArk unchanged.
 *
 * Source: docs.powertokens.ai, "query video generation task" and "list video generation tasks". Tasks can be queried for 7 days,
 * cancelled ones for 24 h. By the page links are valid 14 days, by their signature 24 h: the signature takes precedence, and the
 * page's value applies to links without one. The page names no polling interval, no generation times and no prices; those of the
 * origin apply.
 * @module
 */
import { ark as dialect, arkExpectedTimeMs, arkPacing } from '../wire/ark.js';
import { arkCreation } from '../wire/creation.js';
import { defineProvider } from '../wire/provider.js';
import { arkList } from '../wire/task-list.js';

/**
 * PowerTokens: BytePlus ModelArk's dialect, polling interval and list. Tasks are kept 7 days; links expire by their signature.
 *
 * @example account(powertokens, { apiKey })
 */
export const powertokens = /* @__PURE__ */ defineProvider({
  id: 'powertokens',
  name: 'PowerTokens',
  baseUrl: 'https://api.powertokens.ai/byteplus/api/v3',
  path: '/contents/generations/tasks/{id}',
  create: /* @__PURE__ */ arkCreation('/contents/generations/tasks'),
  list: /* @__PURE__ */ arkList('/contents/generations/tasks'),
  dialect,
  retention: { recordMs: 7 * 86_400_000, cancelledRecordMs: 86_400_000, videoMs: 14 * 86_400_000 },
  tierFactors: { flex: { time: null, price: 0.5 } },
  refundsFailures: null,
  documentation: 'https://docs.powertokens.ai/en/zmodelVideo/byteplus/seedance/query-video-generation-task',
  assumed: { pacing: "Ark's", minIntervalMs: "Ark's", expectedTimeMs: "Ark's", tierFactors: "Ark's" },
  pacing: () => arkPacing,
  expectedTimeMs: arkExpectedTimeMs,
});
