import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Failure, FailureReason } from '../../src/task/snapshot.js';
import { yescale } from '../../src/providers/yescale.js';
import { ark, defineProvider, flatVideo, newApi } from '../../src/wire/index.js';
import { withRaw } from '../support/readings.js';

const provider = (dialect: typeof ark) =>
  defineProvider({
    ...{ id: 'any', name: 'Any', baseUrl: 'https://api.example.com', path: '/{id}', dialect, documentation: 'https://docs.example.com' },
    ...{ retention: { recordMs: null, cancelledRecordMs: null, videoMs: null }, tierFactors: {}, refundsFailures: null },
    ...{ pacing: () => ({ minIntervalMs: 10_000, recommended: { minMs: 10_000, maxMs: 10_000 } }), expectedTimeMs: () => null },
  });

const failureIn = (dialect: typeof ark, body: unknown): Failure => {
  const reading = withRaw(provider(dialect).read({ provider: 'any', id: 'requested' }, { status: 200, headers: {}, body: JSON.stringify(body) }));
  if (reading._tag === 'Left' || reading.right.status !== 'failed') throw new Error(JSON.stringify(reading));
  return reading.right.failure;
};

const arkFailure = (error: unknown): Failure => failureIn(ark, { id: 'requested', status: 'failed', error });

const reasons: readonly (readonly [code: string | null, message: string, reason: FailureReason])[] = [
  ['OutputVideoSensitiveContentDetected.PolicyViolation', 'blocked', 'moderation'],
  ['InputTextSensitiveContentDetected', 'blocked', 'moderation'],
  ['OutputAudioSensitiveContentDetected', 'blocked', 'moderation'],
  [null, 'upstream: InputImageSensitiveContentDetected', 'moderation'],
  ['InputImageRiskDetection', 'the image was refused', 'moderation'],
  ['OutputVideoRiskDetection.Odd', 'refused', 'moderation'],
  [null, 'The output video may contain sensitive information.', 'moderation'],
  [null, 'blocked: Sensitive content', 'moderation'],
  [null, '生成内容包含敏感信息', 'moderation'],
  ['content_moderated', 'refused', 'moderation'],
  [null, 'The prompt was flagged as NSFW.', 'moderation'],
  [null, 'possible copyright infringement', 'moderation'],
  [null, 'the image violates our usage policies', 'moderation'],
  ['content_policy_violation', 'refused', 'moderation'],
  [null, 'rejected by the safety system', 'moderation'],
  [null, 'the picture shows a real person', 'moderation'],
  [null, '图片内容违规', 'moderation'],
  [null, '内容审核未通过', 'moderation'],
  ['InvalidParameter', 'the name is case-sensitive', 'invalid-input'],
  ['InvalidParameter', 'the parameter safety_identifier is too long', 'invalid-input'],
  ['InvalidParameter', 'bad', 'invalid-input'],
  ['InvalidParameter.TaskTypeMismatch', 'bad', 'invalid-input'],
  [null, 'task failed, code: InvalidParameter, message: img_url must be set', 'invalid-input'],
  [null, 'task failed, code: InvalidParameter.Ratio, message: no', 'invalid-input'],
  [null, 'code:InvalidParameter', 'invalid-input'],
  ['upstream_error', 'task failed, code: InvalidParameter, message: no', 'invalid-input'],
  ['InternalServiceError', 'lost', 'internal'],
  ['InternalError.Worker', 'lost', 'internal'],
  ['GenerationTimeout', 'gave up', 'timeout'],
  [null, '任务超时（60分钟）', 'timeout'],
  [null, 'Timeout while rendering', 'timeout'],
  ['task_timeout', 'gave up', 'timeout'],
  ['QuotaExceeded', 'used up', 'quota'],
  ['AccountOverdueError', 'negative balance', 'quota'],
  [null, 'insufficient user quota', 'quota'],
  [null, 'the account is overdue', 'quota'],
  ['402', 'no', 'quota'],
  [null, 'Insufficient credits', 'quota'],
  [null, '余额不足', 'quota'],
  [null, 'insufficient permissions', 'unknown'],
  ['Odd', 'boom', 'unknown'],
  [null, 'boom', 'unknown'],
];

describe('the reason of a failure', () => {
  it.each(reasons)('of code %j and message %j is %s', (code, message, reason) => {
    expect(arkFailure({ code, message })).toMatchObject({ message, reason });
    expect(failureIn(flatVideo, { id: 'requested', status: 'failed', error: { code, message } })).toMatchObject({ message, reason });
    expect(failureIn(newApi, { data: { status: 'FAILURE', fail_reason: 'task failed', data: { error: { code, message } } } })).toMatchObject({ message, reason });
    if (code === null) expect(failureIn(newApi, { data: { status: 'FAILURE', fail_reason: message } })).toMatchObject({ message, reason });
  });

  it("keeps the provider's own code, and finds a code in a relay's message", () => {
    expect(arkFailure({ code: 'A.B', message: 'm' }).code).toBe('A.B');
    expect(arkFailure({ code: 7, message: 'm' }).code).toBe('7');
    expect(arkFailure({ message: 'task failed, code: InvalidParameter.Ratio, message: no' }).code).toBe('InvalidParameter.Ratio');
    for (const code of ['', ' ', 0, '0', null, {}, []]) expect(arkFailure({ code, message: 'm' }).code).toBeNull();
  });
});

describe('the message of a failure', () => {
  const link = 'https://cdn.example.com/a.mp4?sign=1';

  it.each([undefined, null, '', ' ', {}, [], 0, false, { code: 0, message: '' }, { message: null }, link, { message: link }, ` ${link}\n`])(
    'is a default sentence if the provider gives no reason: %j',
    (error) => {
      for (const failure of [arkFailure(error), failureIn(flatVideo, { id: 'requested', status: 'failed', error })]) {
        expect(failure).toEqual({ code: null, message: expect.stringMatching(/^(?!\s*https?:)\s*\S/), reason: 'unknown' });
      }
    },
  );

  it('keeps the code of an error whose message is a link', () => {
    expect(arkFailure({ code: 'InternalServiceError', message: link })).toMatchObject({ code: 'InternalServiceError', reason: 'internal' });
  });

  it('is never blank and never a link, whatever its fields hold', () => {
    const anyText = fc.oneof(fc.constantFrom('', ' ', link, `${link} `, 'task failed', 'boom', 'code: X'), fc.webUrl(), fc.string());
    fc.assert(fc.property(anyText, anyText, anyText, anyText, (reason, result, code, message) => {
      const failure = failureIn(newApi, { data: { status: 'FAILURE', fail_reason: reason, result_url: result, data: { error: { code, message } } } });
      expect(failure.message).toMatch(/\S/);
      expect(failure.message).not.toMatch(/^\s*https?:\/\/[^\s/?#]\S*\s*$/i);
      expect(failure.code).toSatisfy((found: string | null) => found === null || found.trim() !== '');
    }));
  });

  it('is the message of an ordinary error, unchanged', () => {
    fc.assert(fc.property(fc.stringMatching(/^[a-z]{2,9}( [a-z]{2,9}){1,6}$/).filter((text) => text !== 'task failed'), (message) => {
      expect(arkFailure({ message }).message).toBe(message);
      expect(failureIn(flatVideo, { id: 'requested', status: 'failed', error: message }).message).toBe(message);
      expect(failureIn(newApi, { data: { status: 'FAILURE', fail_reason: message } }).message).toBe(message);
    }));
  });
});

describe('of several reasons', () => {
  const failure = (failReason: string, inner: unknown): Failure => failureIn(newApi, { code: 'success', data: { status: 'FAILURE', fail_reason: failReason, data: inner } });

  it.each(['task failed', 'Task failed.', 'upstream returned error', 'upstream returned unrecognized message', ''])(
    'the inner one wins over a %j outside',
    (generic) => {
      expect(failure(generic, { error: { code: 'InternalServiceError', message: 'worker lost' } })).toMatchObject({ code: 'InternalServiceError', message: 'worker lost' });
      expect(failure(generic, { error: { message: 'worker lost' } })).toMatchObject({ message: 'worker lost' });
      expect(failure(generic, { error: 'worker lost' })).toMatchObject({ message: 'worker lost' });
      expect(failure(generic, { id: 'cgt-1', failure_reason: { code: 'A', message: 'worker lost' } })).toMatchObject({ code: 'A', message: 'worker lost' });
      expect(failure(generic, { code: 'odd', message: 'worker lost' })).toMatchObject({ code: 'odd', message: 'worker lost' });
    },
  );

  it('the innermost takes precedence', () => {
    const nested = { code: 'outer', message: 'around it', data: { status: 'failed', error: { code: 'InvalidParameter', message: 'the ratio' } } };
    expect(failure('task failed', nested)).toMatchObject({ code: 'InvalidParameter', message: 'the ratio', reason: 'invalid-input' });
  });

  it('a specific one outside takes precedence over a generic one inside', () => {
    expect(failure('code: InvalidParameter, message: the ratio', { error: { message: 'task failed' } })).toMatchObject({ code: 'InvalidParameter', reason: 'invalid-input' });
    for (const generic of ['upstream returned error', 'Task failed.', 'task failed: ']) {
      expect(failure('the picture is gone', { error: generic })).toMatchObject({ message: 'the picture is gone' });
    }
  });

  it('a generic one inside takes precedence if it has a code or more words', () => {
    expect(failure('boom', { error: { code: 'InvalidParameter', message: 'task failed' } })).toMatchObject({ code: 'InvalidParameter', message: 'task failed' });
    for (const message of ['no picture: task failed', 'task failed: no picture']) expect(failure('boom', { error: message })).toMatchObject({ message });
  });

  it('one of a relay in between takes precedence over a generic one outside', () => {
    const relay = { code: 'success', data: { task_id: 'task_inner', status: 'FAILURE', fail_reason: 'the picture is gone', data: null } };
    expect(failure('task failed', relay)).toMatchObject({ message: 'the picture is gone' });
  });

  it('an error object takes precedence over a generic text beside it', () => {
    const body = { task_id: 'requested', status: 'FAILURE', fail_reason: 'task failed', error: { code: 'A', message: 'the picture is gone' } };
    expect(failureIn(newApi, { data: body })).toMatchObject({ code: 'A', message: 'the picture is gone' });
    expect(failureIn(newApi, { data: { ...body, data: { id: 'cgt-1' } } })).toMatchObject({ code: 'A', message: 'the picture is gone' });
  });

  it('an error object of code 0 is ignored, inside and outside', () => {
    expect(failure('the picture is gone', { error: { code: 0, message: '' } })).toMatchObject({ message: 'the picture is gone' });
  });

  it('a generic one counts if it is the only one', () => {
    expect(failure('task failed', null)).toMatchObject({ code: null, message: 'task failed', reason: 'unknown' });
  });
});

describe('a reason in `message`', () => {
  it('counts if it is the only one, and is then not a notice', () => {
    const body = { id: 'requested', status: 'failed', message: 'the picture is gone' };
    for (const dialect of [ark, flatVideo]) expect(failureIn(dialect, body)).toMatchObject({ code: null, message: 'the picture is gone' });
    expect(failureIn(newApi, { code: 'success', message: 'fine', data: { task_id: 'requested', status: 'FAILURE', fail_reason: '', message: 'the picture is gone' } }))
      .toMatchObject({ message: 'the picture is gone' });
    expect(provider(ark).read({ provider: 'any', id: 'requested' }, { status: 200, headers: {}, body: JSON.stringify(body) })).toMatchObject({ right: { snapshot: { notice: null } } });
  });

  it('counts after any other, and never as a success message', () => {
    expect(failureIn(ark, { id: 'requested', status: 'failed', message: 'a label', error: { code: 'A', message: 'worker lost' } })).toMatchObject({ code: 'A', message: 'worker lost' });
    expect(failureIn(flatVideo, { id: 'requested', status: 'failed', message: 'a label', error: 'worker lost' })).toMatchObject({ message: 'worker lost' });
    expect(failureIn(newApi, { data: { task_id: 'requested', status: 'FAILURE', fail_reason: 'worker lost', message: 'a label', data: { message: 'a label inside' } } }))
      .toMatchObject({ message: 'worker lost' });
    for (const message of ['success', 'OK', 'Success.']) expect(failureIn(ark, { id: 'requested', status: 'failed', message }).message).toBe('the provider gives no reason');
  });

  it('is not the label that YEScale puts into every response', () => {
    const body = JSON.stringify({ id: 'requested', status: 'failed', message: 'YEScale - Seedance Video Generation - Fetch' });
    expect(yescale.read({ provider: 'yescale', id: 'requested' }, { status: 200, headers: {}, body })).toMatchObject({
      right: { snapshot: { failure: { message: 'the provider gives no reason' }, notice: 'YEScale - Seedance Video Generation - Fetch' } },
    });
  });
});

describe('a reason that the dialect does not name', () => {
  const lost = { code: 'E7', message: 'worker lost' };
  const places: readonly (readonly [place: string, fields: object, found: object])[] = [
    ['detail', { detail: 'worker lost' }, { message: 'worker lost' }],
    ['detail as an object', { detail: lost }, lost],
    ['msg', { msg: 'worker lost' }, { message: 'worker lost' }],
    ['errors', { errors: [lost] }, lost],
    ['error_message and error_code', { error_message: 'worker lost', error_code: 'E7' }, lost],
    ['errorMessage and errorCode', { errorMessage: 'worker lost', errorCode: 'E7' }, lost],
    ['failed_reason', { failed_reason: 'worker lost' }, { message: 'worker lost' }],
    ['status_message', { status_message: 'worker lost' }, { message: 'worker lost' }],
    ['task_status_msg', { task_status_msg: 'worker lost' }, { message: 'worker lost' }],
    ['errorInfo', { errorInfo: lost }, lost],
    ['failMsg and failCode', { failMsg: 'worker lost', failCode: 'E7' }, lost],
    ['reason', { reason: 'worker lost' }, { message: 'worker lost' }],
    ['failure', { failure: lost }, lost],
    ['a code alone', { error_code: 'E7' }, { code: 'E7', message: 'E7' }],
    ['JSON text in error', { error: JSON.stringify({ error: lost }) }, lost],
    ['JSON text after words', { error: `upstream status 400: ${JSON.stringify({ error: lost })}` }, lost],
    ['JSON text in message', { message: JSON.stringify(lost) }, lost],
    ['data', { data: { error: lost } }, lost],
    ['JSON text in data', { data: JSON.stringify({ failMsg: 'worker lost', failCode: 'E7' }) }, lost],
  ];

  it.each(places)('is found in %s', (_, fields, found) => {
    for (const dialect of [ark, flatVideo]) expect(failureIn(dialect, { id: 'requested', status: 'failed', ...fields })).toMatchObject(found);
    for (const task of [{ task_id: 'requested', status: 'FAILURE', ...fields }, { task_id: 'requested', status: 'FAILURE', fail_reason: '', data: { id: 'cgt-1', status: 'failed', ...fields } }]) {
      expect(failureIn(newApi, { code: 'success', message: 'it went well', data: task })).toMatchObject(found);
    }
  });

  it('is not the message of an envelope', () => {
    for (const dialect of [ark, flatVideo, newApi]) {
      expect(failureIn(dialect, { code: 0, message: 'the query went well', data: { id: 'requested', status: 'failed' } }).message).toBe('the provider gives no reason');
    }
  });

  it('is moderation when the status word says so', () => {
    for (const status of ['nsfw', 'Content Moderated']) expect(failureIn(ark, { id: 'requested', status })).toMatchObject({ reason: 'moderation' });
  });
});

describe('a long text of a provider', () => {
  const long = 'a 𝒷'.repeat(80_000);
  const longest = 1_001;

  it('is cut where it is read, in every field of a snapshot', () => {
    const id = 'requested';
    const ends = [
      { id, status: 'failed', error: { code: long, message: long } },
      { id, status: 'failed', error: long, message: long },
      { id, status: 'failed', message: JSON.stringify({ error: { code: long, message: long } }) },
      { status: 'succeeded', message: long, model: long, object: long, resolution: long, tools: [{ type: long }], usage: { tool_usage: { [long]: 1 } } },
      { status: long, id: long },
    ];
    for (const dialect of [ark, flatVideo, newApi]) {
      for (const end of ends) {
        const bodies = [end, { code: 'success', message: long, data: { ...end, task_id: 'requested', fail_reason: long, action: long } }];
        for (const body of bodies) {
          const result = provider(dialect).read({ provider: 'any', id: 'requested' }, { status: 200, headers: { 'x-request-id': long }, body: JSON.stringify(body) });
          if (result._tag === 'Left') throw new Error(JSON.stringify(result));
          expect(longestIn(result.right.snapshot)).toBeLessThanOrEqual(longest);
        }
      }
    }
  });

  it('is cut in the failure of a poll', () => {
    for (const body of [long, JSON.stringify({ error: { code: long, message: long } }), JSON.stringify({ detail: long }), JSON.stringify({ foo: long })]) {
      for (const status of [200, 400, 503]) {
        const result = provider(ark).read({ provider: 'any', id: 'requested' }, { status, headers: {}, body });
        expect(longestIn(result)).toBeLessThanOrEqual(longest);
      }
    }
  });

  it('keeps its start and whole characters', () => {
    const { message } = arkFailure({ message: long });
    expect(message.endsWith('…')).toBe(true);
    expect(long.startsWith(message.slice(0, -1))).toBe(true);
    fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 900, maxLength: 1_200 }).filter((text) => text.trim() !== '' && !text.includes('{')), (text) => {
      expect(arkFailure({ message: text }).message).not.toMatch(/[\uD800-\uDBFF]…$/);
    }));
  });

  it('is moderation by words that stand within it, and its link is not cut', () => {
    expect(arkFailure({ message: `nsfw ${long}` })).toMatchObject({ reason: 'moderation' });
    const url = `https://cdn.example/a.mp4?sign=${'0'.repeat(5_000)}`;
    for (const [dialect, body] of [[ark, { status: 'succeeded', content: { video_url: url } }], [flatVideo, { status: 'completed', video_url: url }], [newApi, { task_id: 'requested', status: 'SUCCESS', result_url: url }]] as const) {
      expect(provider(dialect).read({ provider: 'any', id: 'requested' }, { status: 200, headers: {}, body: JSON.stringify(body) })).toMatchObject({ right: { snapshot: { video: { url } } } });
    }
  });
});

/** The length of the longest string or name in a value. */
const longestIn = (value: unknown): number =>
  typeof value === 'string'
    ? value.length
    : typeof value === 'object' && value !== null
      ? Math.max(0, ...Object.entries(value).flatMap(([name, inner]) => [name.length, longestIn(inner)]))
      : 0;
