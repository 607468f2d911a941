/**
 * AnyFast: a fork of new-api, with the upstream's response inside its envelope. Enhanced ("ultra") tasks have their own resolution,
 * tokens and original link.
 *
 * Source: docs.anyfast.ai, "Seedance 2.0 task query". It recommends a poll about every 15 s; a video takes 1 to 5 minutes; links expire
 * after 24 h; failed tasks are refunded. The retention of task records and the minimum interval are undocumented.
 * @module
 */
import { newApi as dialect } from '../wire/new-api.js';
import { arkCreation } from '../wire/creation.js';
import { defineProvider } from '../wire/provider.js';

/** The address in China. */
export const anyfastChinaUrl = 'https://www.anyfast.com.cn';

/**
 * AnyFast: the new-api dialect, polled about every 15 s. Links expire after a day; failed tasks are refunded.
 *
 * @example account(anyfast, { apiKey, baseUrl: anyfastChinaUrl })
 */
export const anyfast = /* @__PURE__ */ defineProvider({
  id: 'anyfast',
  name: 'AnyFast',
  baseUrl: 'https://www.anyfast.ai',
  otherBaseUrls: { China: anyfastChinaUrl },
  path: '/v1/video/generations/{id}',
  create: /* @__PURE__ */ arkCreation('/v1/video/generations'),
  dialect,
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: 86_400_000 },
  tierFactors: {},
  refundsFailures: true,
  documentation: 'https://docs.anyfast.ai',
  assumed: { minIntervalMs: "this library's" },
  pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 15_000, maxMs: 15_000 }, longestMs: 15_000 }),
  expectedTimeMs: () => ({ minMs: 60_000, maxMs: 300_000 }),
});
