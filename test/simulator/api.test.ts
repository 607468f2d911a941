import fc from 'fast-check';
import { simulatedProviders } from 'rx-seedance/simulator';
import type { SimulatedProvider } from 'rx-seedance/simulator';
import { describe, expect, it } from 'vitest';
import { listTasks } from '../../src/simulator/ark-list.js';
import { at, creationBody, setUp, startAt, request } from './support.js';
import type { Body } from './support.js';

const dayMs = 86_400_000;
const ended = { queueMs: 0, runMs: 0 };

const unauthorized: Readonly<Record<'ark' | 'flat' | 'newApi', object>> = {
  ark: { error: { code: 'AuthenticationError', message: expect.any(String), param: '', type: 'Unauthorized' } },
  flat: { code: 401, msg: expect.any(String), data: null },
  newApi: { error: { code: 'invalid_api_key', message: expect.any(String), type: 'authentication_error' } },
};
const unknownTask: Readonly<Record<'ark' | 'flat' | 'newApi', readonly [number, object]>> = {
  ark: [404, { error: { code: 'ResourceNotFound', message: expect.any(String), param: '', type: 'NotFound' } }],
  flat: [200, { code: 404, msg: expect.any(String), data: null }],
  newApi: [400, { code: 'task_not_exist', message: 'task_not_exist', data: null }],
};
const dialects = {
  ark: 'ark',
  powertokens: 'ark',
  yescale: 'ark',
  kyyaipower: 'flat',
  xingchao: 'flat',
  anyfast: 'newApi',
} as const satisfies Record<SimulatedProvider, string>;

describe('a key', () => {
  it.each(simulatedProviders)('of %s must be sent as a bearer token', async (provider) => {
    const { simulator, urlOf } = await setUp();
    const url = urlOf(simulator.submit(provider));
    for (const authorization of ['Bearer wrong', 'sim-key', 'bearer sim-key ', '']) {
      const reply = await request(url, { headers: { authorization } });
      expect([reply.status, reply.body()]).toEqual([401, unauthorized[dialects[provider]]]);
    }
    expect((await request(url)).status).toBe(401);
    expect((await request(url, { headers: { authorization: 'Bearer sim-key' } })).status).toBe(200);
  });

  it('can be any of the keys of the provider', async () => {
    const { simulator, urlOf, poll } = await setUp({ keys: { ark: ['first', 'second'], yescale: 'other' } });
    const task = simulator.submit('ark');
    expect(simulator.apiKey('ark')).toBe('first');
    expect((await poll(task)).status).toBe(200);
    expect((await request(urlOf(task), { headers: { authorization: 'Bearer second' } })).status).toBe(200);
    expect((await request(urlOf(task), { headers: { authorization: 'Bearer other' } })).status).toBe(401);
    expect((await poll(simulator.submit('yescale'))).status).toBe(200);
  });
});

describe('a task', () => {
  it.each(simulatedProviders)('unknown to %s gets the error of its dialect', async (provider) => {
    const { poll } = await setUp();
    const [status, body] = unknownTask[dialects[provider]];
    const reply = await poll({ provider, id: 'no such task' });
    expect([reply.status, reply.body()]).toEqual([status, body]);
  });

  it.each(simulatedProviders)('of %s is found by any id, as one encoded segment', async (provider) => {
    const { simulator, poll } = await setUp();
    for (const id of ['upstream/id', '100%', '...', 'ä ?#&', '%2F']) {
      simulator.submit(provider, { id });
      expect((await poll({ provider, id })).text).toContain(JSON.stringify(id));
    }
  });

  it('of Ark is found below the base paths of its plans too', async () => {
    const { simulator } = await setUp();
    const { id } = simulator.submit('ark');
    const headers = { authorization: 'Bearer sim-key' };
    for (const base of ['/api/v3', '/api/plan/v3', '/api/coding/v3']) {
      expect((await request(`${simulator.url}${base}/contents/generations/tasks/${id}`, { headers })).body()).toMatchObject({ id });
    }
  });

  it.each([
    ['ark', 7],
    ['powertokens', 7],
    ['kyyaipower', 7],
    ['xingchao', 1],
  ] as const)('of %s is forgotten after %d days', async (provider, days) => {
    const { simulator, advance, poll } = await setUp();
    const task = simulator.submit(provider, ended);
    advance(days * dayMs - 1);
    expect((await poll(task)).body()).toHaveProperty('id', task.id);
    advance(1);
    expect((await poll(task)).body()).not.toHaveProperty('id');
  });

  it('that was cancelled is forgotten by Ark after one day', async () => {
    const { simulator, advance, poll } = await setUp();
    const task = simulator.submit('ark', { ...ended, outcome: 'cancelled' });
    advance(dayMs - 1);
    expect((await poll(task)).status).toBe(200);
    advance(1);
    expect((await poll(task)).status).toBe(404);
  });

  it.each([
    ['powertokens', 'POST', '/contents/generations/tasks/an-id/cancel'],
    ['yescale', 'POST', '/seedance/generations/an-id/cancel'],
    ['ark', 'PUT', '/contents/generations/tasks/an-id'],
    ['anyfast', 'DELETE', '/v1/video/generations/an-id'],
    ['powertokens', 'DELETE', '/contents/generations/tasks/an-id'],
    ['yescale', 'GET', '/seedance/generations'],
    ['kyyaipower', 'GET', '/v1/result/'],
    ['xingchao', 'GET', '/v1/result/an/id'],
    ['anyfast', 'GET', '/v1/video/generations/%zz'],
  ] as const)('is not found by an undocumented request: %s %s %s', async (provider, method, path) => {
    const { simulator, call } = await setUp();
    simulator.submit(provider, { id: 'an-id' });
    const reply = await call(provider, path, { method });
    expect(reply.status).toBe(404);
    expect(at(reply.body(), 'error', 'message')).toContain(`Invalid URL (${method} `);
  });
});

describe('a creation', () => {
  const flat = { id: expect.any(String), object: 'video', created: startAt, model: 'a-model', status: 'queued' };
  const created: Readonly<Record<SimulatedProvider, object>> = {
    ark: { id: expect.any(String) },
    powertokens: { id: expect.any(String) },
    yescale: { id: expect.any(String), message: expect.any(String) },
    kyyaipower: flat,
    xingchao: flat,
    anyfast: {
      id: expect.any(String),
      task_id: expect.any(String),
      object: 'video',
      model: 'a-model',
      status: '',
      progress: 0,
      created_at: startAt,
    },
  };

  it.each(simulatedProviders)('starts a task of %s', async (provider) => {
    const { simulator, create, poll } = await setUp();
    const reply = await create(provider, { resolution: '1080p', duration: 12, service_tier: 'flex' });
    expect([reply.status, reply.body()]).toEqual([200, created[provider]]);
    const task = { provider, id: String(reply.body().id) };
    expect((await poll(task)).status).toBe(200);
    expect(simulator.scenario(task)).toMatchObject({ model: 'a-model', resolution: '1080p', durationMs: 12_000, serviceTier: 'flex' });
  });

  it('reads flags in a prompt, the resolution in a model name, and a number of frames', async () => {
    const { simulator, create } = await setUp();
    const scenarioOf = async (provider: SimulatedProvider, fields: Body) =>
      simulator.scenario({ provider, id: String((await create(provider, fields)).body().id) });
    const content = [{ type: 'text', text: 'A boat --resolution 480p --duration 8' }];
    expect(await scenarioOf('yescale', { content })).toMatchObject({ resolution: '480p', durationMs: 8000 });
    const ofName = await scenarioOf('kyyaipower', { model: 'seedance_1_5_pro_1080p', duration: -1 });
    expect(ofName).toMatchObject({ resolution: '1080p', durationMs: 5000 });
    expect(await scenarioOf('ark', { frames: 48 })).toMatchObject({ durationMs: 2000 });
    expect(await scenarioOf('ark', { frames: 48, duration: 5 })).toMatchObject({ durationMs: 2000 });
  });

  it('is echoed by the providers that do so', async () => {
    const { simulator, create, poll } = await setUp();
    const reply = await create('ark', { frames: 48, priority: 3, safety_identifier: 'a-user', generate_audio: false, secret: 'not echoed' });
    const task = { provider: 'ark', id: String(reply.body().id) } as const;
    simulator.reschedule(task, ended);
    const body = (await poll(task)).body();
    expect(body).toMatchObject({ frames: 48, priority: 3, safety_identifier: 'a-user', generate_audio: false });
    expect(body).not.toHaveProperty('duration');
    expect(body).not.toHaveProperty('secret');
  });

  it.each([
    '',
    '{',
    '[]',
    'null',
    '{}',
    '{"model":7}',
    '{"model":"m"}',
    '{"model":"m","content":[],"prompt":""}',
    '{"model":"m","content":"A kite"}',
    '{"model":"m","content":["A kite"]}',
    '{"model":"m","content":[{"text":"A kite"}]}',
    '{"model":"m","content":[{"type":"text","text":""}]}',
    '{"model":"m","content":[{"type":"text","text":"A kite"}],"duration":1e9}',
  ])('from the body %j is rejected', async (body) => {
    const { call, simulator } = await setUp();
    const init = { method: 'POST', body, headers: { authorization: 'Bearer sim-key' } };
    expect((await call('ark', '/contents/generations/tasks', init)).body()).toMatchObject({ error: { code: 'InvalidParameter' } });
    expect((await call('anyfast', '/v1/video/generations', init)).body()).toMatchObject({ code: 'invalid_request', data: null });
    expect((await call('xingchao', '/v1/seedance/videos', init)).body()).toMatchObject({ code: 400, data: null });
    expect(simulator.requests.map(({ status }) => status)).toEqual([400, 400, 200]);
    expect(simulator.tasks()).toEqual([]);
  });

  it('has its prompt where the provider documents it', async () => {
    const { create } = await setUp();
    const prompt = { prompt: 'A kite', content: undefined };
    expect(await Promise.all(simulatedProviders.map(async (provider) => 'id' in (await create(provider, prompt)).body()))).toEqual([
      false,
      false,
      false,
      true,
      true,
      false,
    ]);
    const picture = { prompt: undefined, content: [{ type: 'image_url', image_url: { url: 'https://images.example/kite.png' } }] };
    for (const provider of simulatedProviders) expect((await create(provider, picture)).body()).toHaveProperty('id');
  });

  it('of the kyyAiPower family has a path for each model', async () => {
    const { simulator, call } = await setUp();
    const init = { method: 'POST', body: creationBody('xingchao'), headers: { authorization: 'Bearer sim-key' } };
    for (const model of ['seedance', 'kyyvideo2', 'seedance-discount', 'seedance-x1', 'seedance-special', 'sd2_manxue']) {
      for (const provider of ['kyyaipower', 'xingchao'] as const) await call(provider, `/v1/${model}/videos`, init);
    }
    expect([simulator.tasks('kyyaipower').length, simulator.tasks('xingchao').length]).toEqual([6, 6]);
  });
});

describe('a list', () => {
  const ids = (items: unknown) => (items as readonly { id: string }[]).map(({ id }) => id);

  it.each([
    ['', ['failed', 'done', 'waiting']],
    ['?filter.status=failed', ['failed']],
    ['?filter.status=queued', ['waiting']],
    ['?filter.service_tier=flex', ['flexible']],
    ['?filter.task_ids=done&filter.task_ids=waiting', ['done', 'waiting']],
    ['?filter.task_ids[0]=done&filter.task_ids[1]=waiting', ['done', 'waiting']],
    ['?filter.task_ids%5B%5D=done&filter.task_ids%5B%5D=waiting', ['done', 'waiting']],
    ['?id=done', ['done']],
    ['?id=missing', []],
    ['?filter.task_ids=flexible', []],
    ['?filter.task_ids=flexible&filter.service_tier=flex', ['flexible']],
    ['?filter.task_ids=missing', []],
    ['?filter.model=special', ['failed']],
    ['?page_size=2', ['failed', 'done']],
    ['?page_size=2&page_num=2', ['waiting']],
    ['?page_size=2&page_num=3', []],
  ])('of tasks for %j holds %j', async (query, expected) => {
    for (const provider of ['ark', 'powertokens'] as const) {
      const { simulator, call, poll } = await setUp();
      simulator.submit(provider, { id: 'waiting', queueMs: 1000 });
      simulator.submit(provider, { id: 'done', ...ended });
      simulator.submit(provider, { id: 'failed', ...ended, outcome: 'fails', model: 'special' });
      simulator.submit(provider, { id: 'flexible', ...ended, serviceTier: 'flex' });
      simulator.submit(provider, { id: 'deleted', ...ended, outcome: 'disappears' });
      simulator.submit('yescale', { id: 'elsewhere' });
      const reply = await call(provider, `/contents/generations/tasks${query}`);
      const { items, total } = reply.body();
      expect(ids(items)).toEqual(expected);
      expect(total).toBe(query.includes('page_size') ? 3 : expected.length);
      for (const item of items as readonly { id: string }[]) expect(item).toEqual((await poll({ provider, id: item.id })).body());
    }
  });

  it.each([
    'page_num=0',
    'page_num=501',
    'page_size=0',
    'page_size=501',
    'page_size=1.5',
    'page_size=many',
    'filter.status=expired',
  ])('with %s is rejected', async (query) => {
    const { call } = await setUp();
    const reply = await call('ark', `/contents/generations/tasks?${query}`);
    expect([reply.status, at(reply.body(), 'error', 'code')]).toEqual([400, 'InvalidParameter']);
  });

  it('holds the tasks of the last seven days, and cancelled ones for a day', async () => {
    const { simulator, advance, call } = await setUp();
    simulator.submit('ark', { id: 'old' });
    advance(6 * dayMs);
    simulator.submit('ark', { id: 'cancelled', ...ended, outcome: 'cancelled' });
    simulator.submit('ark', { id: 'new' });
    const listed = async () => ids((await call('ark', '/contents/generations/tasks')).body().items);
    advance(dayMs - 1);
    expect(await listed()).toEqual(['new', 'cancelled', 'old']);
    advance(1);
    expect(await listed()).toEqual(['new']);
  });

  it('splits into pages without gaps or duplicates', async () => {
    const { simulator, call } = await setUp();
    for (let count = 0; count < 23; count += 1) simulator.submit('ark');
    const all = ids((await call('ark', '/contents/generations/tasks?page_size=500')).body().items);
    expect(new Set(all).size).toBe(23);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 30 }), async (size) => {
        const pages = Array.from({ length: Math.ceil(23 / size) }, async (_, index) => {
          const reply = await call('ark', `/contents/generations/tasks?page_size=${size}&page_num=${index + 1}`);
          return ids(reply.body().items);
        });
        expect((await Promise.all(pages)).flat()).toEqual(all);
      }),
    );
  });

  it('of no tasks is empty', () => {
    expect(listTasks([], new URLSearchParams())).toEqual({ total: 0, views: [] });
  });
});

describe('a deletion', () => {
  const remove = { method: 'DELETE', headers: { authorization: 'Bearer sim-key' } };

  it('cancels a queued task', async () => {
    const { simulator, advance, call, poll } = await setUp();
    const task = simulator.submit('ark', { queueMs: 60_000 });
    advance(10_000);
    expect((await call('ark', `/contents/generations/tasks/${task.id}`, remove)).text).toBe('{}');
    expect((await poll(task)).body()).toMatchObject({ status: 'cancelled', updated_at: startAt + 10 });
  });

  it.each(['succeeds', 'fails', 'expires'] as const)('drops the record of a task that %s', async (outcome) => {
    const { simulator, call, poll } = await setUp();
    const task = simulator.submit('ark', { ...ended, outcome });
    expect((await call('ark', `/contents/generations/tasks/${task.id}`, remove)).text).toBe('{}');
    expect((await poll(task)).status).toBe(404);
    expect((await call('ark', `/contents/generations/tasks/${task.id}`, remove)).status).toBe(404);
  });

  it.each([
    ['stalls', 'running'],
    ['cancelled', 'cancelled'],
    ['unknown-status', 'archived'],
  ] as const)('is rejected for a task that %s', async (outcome, status) => {
    const { simulator, call, poll } = await setUp();
    const task = simulator.submit('ark', { ...ended, outcome });
    const reply = await call('ark', `/contents/generations/tasks/${task.id}`, remove);
    expect([reply.status, at(reply.body(), 'error', 'code')]).toEqual([409, 'InvalidAction.RunningTaskDeletion']);
    expect(at(reply.body(), 'error', 'message')).toContain(`Cannot delete task \`${task.id}\` because it is currently `);
    expect((await poll(task)).body().status).toBe(status);
  });
});

describe('a POST that means to cancel a task of Ark', () => {
  it.each(['cancel', 'stop'])('%s leaves the task alone, and starts another one if its body is that of a creation', async (action) => {
    const { simulator, call, poll } = await setUp();
    const task = simulator.submit('ark', { queueMs: 60_000 });
    const post = async (body: string) =>
      (await call('ark', `/contents/generations/tasks/${task.id}/${action}`, { method: 'POST', body, headers: { authorization: 'Bearer sim-key' } })).body();
    expect(await post('')).toMatchObject({ error: { code: 'InvalidParameter' } });
    expect(await post(creationBody('ark'))).toEqual({ id: expect.stringMatching(/^cgt-/) });
    expect((await poll(task)).body().status).toBe('queued');
    expect(simulator.tasks('ark').length).toBe(2);
  });
});
