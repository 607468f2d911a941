/**
 * kie.ai: one API for the tasks of all its market models. The body is `{ code, message, data }`; the link is in JSON text inside the JSON.
 *
 * Source: docs.kie.ai, "get task details". From documentation, not tried live. It recommends a poll every 2 to 3 s at first, every 5 to 10 s
 * after 30 s, every 15 to 30 s after 2 minutes, and to give up after 10 to 15 minutes; links typically expire after 24 hours. Other pages write
 * `msg` for `message`. The codes 455 and 505 have no meaning there. Limits, record retention, refunds and generation times are undocumented.
 * @module
 */
import { AnyText, fieldsOf, PlainObject, Text, textIn, Unknown, UnixMilliseconds } from '../wire/codecs.js';
import type { Dialect } from '../wire/dialect.js';
import { numericErrorReason } from '../wire/numeric-errors.js';
import { defineProvider } from '../wire/provider.js';
import { noSettings } from '../wire/reading.js';
import { type StatusTable, statusOf } from '../wire/status-words.js';
import { linkInField } from '../wire/video-link.js';

const statuses = { waiting: 'queued', queuing: 'queued', generating: 'running', success: 'succeeded', fail: 'failed' } as const satisfies StatusTable;

const KieTask = /* @__PURE__ */ fieldsOf(
  {
    taskId: Text,
    model: Text,
    state: AnyText,
    resultJson: Unknown,
    failCode: Text,
    failMsg: Text,
    createTime: UnixMilliseconds,
    updateTime: UnixMilliseconds,
    completeTime: UnixMilliseconds,
  },
  'KieTask',
);

/** Reads a task of kie.ai. The code 501 says that the generation failed, which another poll does not change; 455 has no documented meaning. */
export const kieDialect: Dialect = {
  name: 'kie',
  statuses,
  errorReason: (status, body) => {
    const code = PlainObject.is(body) ? textIn(body['code']) : null;
    const reason = numericErrorReason(status, body);
    return reason === null || code === '455' ? null : code === '501' ? 'rejected' : reason;
  },
  read: (body) => {
    const task = KieTask.read(body);
    if (task === null || task.state === null) return null;
    return {
      status: statusOf(task.state, statuses),
      providerStatus: task.state,
      id: task.taskId,
      progress: null,
      model: task.model,
      createdAtMs: task.createTime,
      startedAtMs: null,
      updatedAtMs: task.updateTime,
      finishedAtMs: task.completeTime,
      expiresAfterMs: null,
      usage: null,
      settings: noSettings,
      videoUrl: linkInField(task.resultJson),
      lastFrameUrl: null,
      originalUrl: null,
      errors: [task.failMsg === null ? null : { code: task.failCode, message: task.failMsg }],
      requestId: null,
      objectType: null,
      notice: null,
      request: null,
      inner: null,
    };
  },
};

/**
 * kie.ai: its own dialect, polled every 10 to 30 s. Links expire after about a day.
 *
 * @example account(kie, { apiKey })
 */
export const kie = /* @__PURE__ */ defineProvider({
  id: 'kie',
  name: 'kie.ai',
  baseUrl: 'https://api.kie.ai/api/v1',
  path: '/jobs/recordInfo?taskId={id}',
  dialect: kieDialect,
  retention: { recordMs: null, cancelledRecordMs: null, videoMs: 86_400_000 },
  tierFactors: {},
  refundsFailures: null,
  documentation: 'https://docs.kie.ai/market/common/get-task-detail',
  assumed: { minIntervalMs: "this library's" },
  pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 30_000 }, longestMs: 30_000 }),
  expectedTimeMs: () => null,
});
