import { outcomes, simulatedProviders } from 'rx-seedance/simulator';
import type { Outcome, SimulatedProvider, Scenario } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { at, setUp, startAt } from './support.js';
import type { Reply } from './support.js';

const queueMs = 60_000;
const runMs = 240_000;
const link = expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/files\/.+\.mp4\?X-Tos-Algorithm=.+&X-Tos-SignedHeaders=host$/);

/** The provider's status of a task; for a response without a task, its HTTP status. */
const statusOf = (provider: SimulatedProvider, reply: Reply): unknown => {
  const body = reply.body();
  return (provider === 'anyfast' ? at(body, 'data', 'status') : body.status) ?? reply.status;
};

type Statuses = Readonly<Record<Outcome, readonly [inQueue: string, inRun: string, inTheEnd: string | number]>>;

const ark: Statuses = {
  succeeds: ['queued', 'running', 'succeeded'],
  fails: ['queued', 'running', 'failed'],
  moderated: ['queued', 'running', 'failed'],
  cancelled: ['queued', 'cancelled', 'cancelled'],
  expires: ['queued', 'running', 'expired'],
  'unknown-status': ['queued', 'running', 'archived'],
  disappears: ['queued', 'running', 404],
  stalls: ['queued', 'running', 'running'],
};

const flat: Statuses = {
  succeeds: ['queued', 'processing', 'completed'],
  fails: ['queued', 'processing', 'failed'],
  moderated: ['queued', 'processing', 'failed'],
  cancelled: ['queued', 'cancelled', 'cancelled'],
  expires: ['queued', 'processing', 'failed'],
  'unknown-status': ['queued', 'processing', 'archived'],
  disappears: ['queued', 'processing', 200],
  stalls: ['queued', 'processing', 'processing'],
};

const newApi: Statuses = {
  succeeds: ['NOT_START', 'IN_PROGRESS', 'SUCCESS'],
  fails: ['NOT_START', 'IN_PROGRESS', 'FAILURE'],
  moderated: ['NOT_START', 'IN_PROGRESS', 'FAILURE'],
  cancelled: ['NOT_START', 'FAILURE', 'FAILURE'],
  expires: ['NOT_START', 'IN_PROGRESS', 'FAILURE'],
  'unknown-status': ['NOT_START', 'IN_PROGRESS', 'ARCHIVED'],
  disappears: ['NOT_START', 'IN_PROGRESS', 400],
  stalls: ['NOT_START', 'IN_PROGRESS', 'IN_PROGRESS'],
};

const statuses: Readonly<Record<SimulatedProvider, Statuses>> = {
  ark,
  powertokens: ark,
  yescale: ark,
  kyyaipower: flat,
  xingchao: flat,
  anyfast: newApi,
};

describe.each(simulatedProviders)('%s', (provider) => {
  it.each(outcomes)('reports its own statuses for a task that %s', async (outcome) => {
    const { simulator, advance, poll } = await setUp();
    const task = simulator.submit(provider, { outcome, queueMs, runMs });
    const inQueue = statusOf(provider, await poll(task));
    advance(queueMs);
    const inRun = statusOf(provider, await poll(task));
    advance(runMs);
    const inTheEnd = statusOf(provider, await poll(task));
    expect([inQueue, inRun, inTheEnd]).toEqual(statuses[provider][outcome]);
  });
});

/** The bodies in the queue, while running and after the end. */
const responsesOf = async (provider: SimulatedProvider, scenario: Partial<Scenario>) => {
  const { simulator, advance, poll } = await setUp();
  const task = simulator.submit(provider, { queueMs, runMs, ...scenario });
  const queued = (await poll(task)).body();
  advance(queueMs);
  const running = (await poll(task)).body();
  advance(runMs);
  const ended = (await poll(task)).body();
  return { id: task.id, queued, running, ended };
};

describe('ark', () => {
  it('reports all fields of a task that succeeds', async () => {
    const { id, queued, running, ended } = await responsesOf('ark', {});
    const always = {
      id,
      model: 'doubao-seedance-2-0-260128',
      created_at: startAt,
      service_tier: 'default',
      execution_expires_after: 172_800,
      generate_audio: true,
    };
    expect(id).toMatch(/^cgt-\d{14}-[a-z0-9]{5}$/);
    expect(queued).toEqual({ ...always, status: 'queued', updated_at: startAt });
    expect(running).toEqual({ ...always, status: 'running', updated_at: startAt + 60 });
    expect(ended).toEqual({
      ...always,
      status: 'succeeded',
      updated_at: startAt + 300,
      content: { video_url: link },
      usage: { completion_tokens: 108_000, total_tokens: 108_000 },
      seed: expect.any(Number),
      resolution: '720p',
      ratio: '16:9',
      duration: 5,
      framespersecond: 24,
    });
  });

  it.each([
    ['fails', 'InternalServiceError'],
    ['moderated', 'OutputVideoSensitiveContentDetected.PolicyViolation'],
  ] as const)('reports an error object only after the end of a task that %s', async (outcome, code) => {
    const { queued, running, ended } = await responsesOf('ark', { outcome });
    expect([queued.error, running.error]).toEqual([undefined, undefined]);
    expect(ended.error).toEqual({ code, message: expect.stringMatching(/\. Request id: .+$/) });
    expect(ended.content).toBeUndefined();
  });

  it('expires a task exactly at its threshold', async () => {
    const { ended } = await responsesOf('ark', { outcome: 'expires' });
    expect(ended).toMatchObject({ status: 'expired', execution_expires_after: 300, updated_at: startAt + 300 });
    expect(ended.error).toBeUndefined();
  });

  it('leaves out generate_audio for a model without sound', async () => {
    const { ended } = await responsesOf('ark', { model: 'doubao-seedance-1-0-pro-250528' });
    expect(ended).not.toHaveProperty('generate_audio');
  });
});

describe('powertokens', () => {
  it('reports what Ark does, with an error of null on success', async () => {
    const { queued, ended } = await responsesOf('powertokens', {});
    expect(queued).not.toHaveProperty('error');
    expect(ended).toMatchObject({ status: 'succeeded', error: null, content: { video_url: link }, framespersecond: 24 });
  });
});

describe('yescale', () => {
  it('adds a label and an echo to the older fields of Ark', async () => {
    const { id, queued, ended } = await responsesOf('yescale', {});
    const model = 'doubao-seedance-1-0-pro-250528';
    const always = {
      id,
      model,
      created_at: startAt,
      message: 'YEScale - Seedance Video Generation - Fetch',
      request: { model, content: [{ type: 'text', text: expect.any(String) }] },
    };
    expect(queued).toEqual({ ...always, status: 'queued', updated_at: startAt });
    expect(ended).toEqual({
      ...always,
      status: 'succeeded',
      updated_at: startAt + 300,
      content: { video_url: link },
      usage: { completion_tokens: 108_000, total_tokens: 108_000 },
    });
  });
});

describe('kyyaipower', () => {
  it('reports null for a field without a value', async () => {
    const { id, queued, running, ended } = await responsesOf('kyyaipower', {});
    const always = { id, object: 'video', created: startAt, model: 'seedance_1_5_pro_720p', error: null };
    expect(queued).toEqual({ ...always, status: 'queued', video_url: null });
    expect(running).toEqual({ ...always, status: 'processing', video_url: null });
    expect(ended).toEqual({ ...always, status: 'completed', video_url: link });
  });

  it('reports a failure as a string', async () => {
    const { ended } = await responsesOf('kyyaipower', { outcome: 'expires' });
    expect(ended).toMatchObject({ status: 'failed', video_url: null, error: expect.stringContaining('timeout') });
  });
});

describe('xingchao', () => {
  it('leaves out fields without a value, and reports the length of a finished video', async () => {
    const { id, queued, running, ended } = await responsesOf('xingchao', {});
    const always = { id, object: 'video', created: startAt, model: 'seedance_1_5_pro_720p' };
    expect(queued).toEqual({ ...always, status: 'queued' });
    expect(running).toEqual({ ...always, status: 'processing' });
    expect(ended).toEqual({ ...always, status: 'completed', video_url: link, actualDuration: 5 });
  });

  it('reports a failure as a string', async () => {
    const { ended } = await responsesOf('xingchao', { outcome: 'moderated' });
    expect(ended).toMatchObject({ status: 'failed', error: expect.stringContaining('SensitiveContent') });
    expect(ended).not.toHaveProperty('video_url');
  });

  it('reports the tokens of later models', async () => {
    const { ended } = await responsesOf('xingchao', { model: 'seedance_2_0_pro' });
    expect(ended).toMatchObject({ totalTokens: 108_000 });
  });
});

describe('anyfast', () => {
  it('wraps Ark into an envelope, with the link as fail_reason too', async () => {
    const { id, queued, running, ended } = await responsesOf('anyfast', {});
    const always = { task_id: id, action: 'generate', submit_time: startAt, request_id: expect.stringMatching(/^\d{30}$/) };
    const pending = { ...always, fail_reason: '', finish_time: 0 };
    expect(id).toMatch(/^asyntask_\w{32}$/);
    expect(queued).toEqual({
      code: 'success',
      message: '',
      data: { ...pending, status: 'NOT_START', progress: '0%', start_time: 0, data: null },
    });
    expect(running).toEqual({
      code: 'success',
      message: '',
      data: {
        ...pending,
        status: 'IN_PROGRESS',
        progress: '50%',
        start_time: startAt + 60,
        data: expect.objectContaining({ id: expect.stringMatching(/^cgt-\d{14}-[a-z0-9]{5}$/), status: 'running' }),
      },
    });
    const url = at(ended, 'data', 'result_url');
    expect(ended).toEqual({
      code: 'success',
      message: '',
      data: {
        ...always,
        status: 'SUCCESS',
        progress: '100%',
        result_url: link,
        fail_reason: url,
        start_time: startAt + 60,
        finish_time: startAt + 300,
        data: expect.objectContaining({ status: 'succeeded', content: { video_url: url }, resolution: '720p' }),
      },
    });
  });

  it('passes through three statuses in the queue, then counts up', async () => {
    const { simulator, advance, poll } = await setUp();
    const task = simulator.submit('anyfast', { queueMs: 3000, runMs: 9000 });
    const seen = [];
    for (let second = 0; second < 12; second += 1) {
      const { data } = (await poll(task)).body();
      seen.push(`${String(at(data, 'status'))} ${String(at(data, 'progress'))}`);
      advance(1000);
    }
    expect(seen).toEqual([
      'NOT_START 0%',
      'SUBMITTED 10%',
      'QUEUED 20%',
      ...[50, 55, 60, 65, 70, 75, 80, 85, 90].map((percent) => `IN_PROGRESS ${percent}%`),
    ]);
  });

  it('keeps the smaller clip of an ultra task beside the enhanced one', async () => {
    const { ended } = await responsesOf('anyfast', { ultra: true });
    const enhanced = expect.stringMatching(/\/video\.mp4\?preview=1&auth_key=\d+-0-0-[0-9a-f]{32}$/);
    expect(ended.data).toMatchObject({
      result_url: enhanced,
      fail_reason: enhanced,
      original_result_url: link,
      data: {
        content: { video_url: at(ended, 'data', 'original_result_url') },
        resolution: '480p',
        super_resolution: '720p',
        usage: { completion_tokens: 48_600, total_tokens: 48_600, super_resolution_tokens: 108_000 },
      },
    });
  });

  it.each([
    ['480p', '480p'],
    ['1080p', '720p'],
    ['2k', '1080p'],
    ['8k', '480p'],
  ])('generates an ultra task of %s at %s', async (resolution, generated) => {
    const { ended } = await responsesOf('anyfast', { ultra: true, resolution });
    expect(ended.data).toMatchObject({ data: { resolution: generated, super_resolution: resolution } });
  });

  it.each([
    ['fails', 'task failed, code: InternalServiceError, message: The model stopped on an internal error.', startAt + 60],
    ['expires', '任务超时（5分钟）', startAt + 60],
    ['cancelled', 'task failed, code: TaskCancelled, message: Task cancelled on request.', 0],
  ] as const)('reports a task that %s as a failure without a link', async (outcome, reason, startedAt) => {
    const { ended } = await responsesOf('anyfast', { outcome });
    expect(ended).toMatchObject({
      code: 'success',
      data: { status: 'FAILURE', progress: '100%', fail_reason: reason, start_time: startedAt },
    });
    expect(Object.keys(ended.data as object)).not.toEqual(expect.arrayContaining(['result_url']));
    expect(ended.data).not.toHaveProperty('data');
  });
});

it('reports the failure of the scenario in every dialect', async () => {
  const { simulator, poll } = await setUp();
  const failure = { code: 'InvalidParameter.TaskTypeMismatch', message: 'The reference must be a video.' };
  for (const provider of simulatedProviders) {
    const task = simulator.submit(provider, { outcome: 'fails', queueMs: 0, runMs: 0, failure });
    expect((await poll(task)).text).toMatch(/InvalidParameter\.TaskTypeMismatch.*The reference must be a video\./);
  }
});
