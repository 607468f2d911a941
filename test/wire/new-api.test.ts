import { describe, expect, it } from 'vitest';
import { newApi } from '../../src/wire/new-api.js';

const wrap = (data: unknown, times = 1): unknown => (times === 0 ? data : wrap({ code: 'success', message: '', data }, times - 1));
const read = (task: object) => newApi.read(wrap({ task_id: 'requested', ...task }));

describe('the status of an envelope', () => {
  const outers = [
    ['NOT_START', 'queued'],
    ['SUBMITTED', 'queued'],
    ['QUEUED', 'queued'],
    ['IN_PROGRESS', 'running'],
    ['SUCCESS', 'succeeded'],
    ['FAILURE', 'failed'],
    ['UNKNOWN', 'unknown'],
    ['ODD', 'unknown'],
    ['in_progress', 'running'],
  ] as const;
  const inners = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'odd', '', null, undefined];

  it.each(outers)('%s outside is %s, whatever is inside', (word, status) => {
    for (const inner of inners) {
      expect(read({ status: word, data: { id: 'cgt-1', status: inner } })).toMatchObject({ status, providerStatus: word, inner: { id: 'cgt-1', status: inner ?? null } });
    }
    for (const inner of [null, {}, [], 'x', undefined]) expect(read({ status: word, data: inner })).toMatchObject({ status, providerStatus: word });
  });

  it.each([undefined, null, '', ' ', {}, [], true])('%j outside falls to the inside', (outer) => {
    expect(read({ status: outer, data: { id: 'cgt-1', status: 'running' } })).toMatchObject({ status: 'running', providerStatus: 'running' });
    expect(read({ status: outer, data: { id: 'cgt-1', status: 'expired' } })).toMatchObject({ status: 'expired', providerStatus: 'expired' });
    const relay = wrap({ task_id: 'task_inner', status: 'SUCCESS', data: { id: 'cgt-1' } });
    expect(read({ status: outer, submit_time: 5, data: relay })).toMatchObject({ status: 'succeeded', providerStatus: 'SUCCESS', createdAtMs: 5_000 });
  });

  it('is unknown when it is empty and nothing is inside', () => {
    expect(read({ status: '', data: null })).toMatchObject({ status: 'unknown', providerStatus: '' });
  });

  it('gives no reading when it is missing inside and outside', () => {
    for (const data of [null, {}, { id: 'cgt-1' }, undefined]) expect(read({ data })).toBeNull();
  });
});

describe('the link of an envelope', () => {
  const links = { result: 'https://vod.example/ultra.mp4', content: 'https://tos.example/a.mp4', reason: 'https://old.example/a.mp4' };
  const noLinks = ['', 'task failed', undefined, null, 'ftp://x.example'];
  const task = (result: unknown, content: unknown, reason: unknown) =>
    read({ status: 'SUCCESS', result_url: result, fail_reason: reason, data: { id: 'cgt-1', content: { video_url: content } } });

  it('is result_url, else the link inside, else fail_reason', () => {
    for (const none of noLinks) {
      expect(task(links.result, links.content, links.reason)?.videoUrl).toBe(links.result);
      expect(task(links.result, none, none)?.videoUrl).toBe(links.result);
      expect(task(none, links.content, links.reason)?.videoUrl).toBe(links.content);
      expect(task(none, links.content, none)?.videoUrl).toBe(links.content);
      expect(task(none, none, links.reason)?.videoUrl).toBe(links.reason);
      expect(task(none, none, none)?.videoUrl).toBeNull();
    }
  });

  it('has no white space around it', () => {
    expect(task(` ${links.result}\n`, links.content, links.reason)?.videoUrl).toBe(links.result);
    expect(task('', `\n${links.content}`, '')?.videoUrl).toBe(links.content);
    expect(task('', '', `${links.reason} `)?.videoUrl).toBe(links.reason);
  });

  it('is found in a relay between the task and its upstream', () => {
    const relay = wrap({ task_id: 'task_inner', status: 'SUCCESS', result_url: links.result, data: { id: 'cgt-1', status: 'succeeded' } });
    expect(read({ status: 'SUCCESS', data: relay })?.videoUrl).toBe(links.result);
    expect(read({ data: relay })).toMatchObject({ status: 'succeeded', videoUrl: links.result });
  });

  it('has its original beside it, if the response has one', () => {
    const original = 'https://tos.example/original.mp4';
    expect(read({ status: 'SUCCESS', result_url: links.result, original_result_url: original })).toMatchObject({ videoUrl: links.result, originalUrl: original });
    expect(read({ status: 'SUCCESS', result_url: links.result, original_result_url: 'none' })).toMatchObject({ videoUrl: links.result, originalUrl: null });
    expect(task(links.result, links.result, '')).toMatchObject({ videoUrl: links.result, originalUrl: null });
  });

  it('has the inner link as its original only when it is enhanced: otherwise it is the same video, signed again', () => {
    const enhanced = (result: string) => read({ status: 'SUCCESS', result_url: result, data: { super_resolution: '2k', content: { video_url: links.content } } });
    expect(enhanced(links.result)).toMatchObject({ videoUrl: links.result, originalUrl: links.content });
    expect(enhanced('')).toMatchObject({ videoUrl: links.content, originalUrl: null });
    expect(task(links.result, links.content, '')).toMatchObject({ videoUrl: links.result, originalUrl: null });
  });
});

describe('the fields of an envelope, each sufficient by itself', () => {
  const link = 'https://vod.example/a.mp4';

  it.each([
    ['task_id', 'requested', { id: 'requested' }],
    ['submit_time', 5, { createdAtMs: 5_000 }],
    ['result_url', link, { videoUrl: link }],
    ['fail_reason', link, { videoUrl: link }],
    ['progress', '100%', { progress: 1 }],
  ])('%s identifies the task, whose status is inside', (field, value, found) => {
    const task = { [field]: value, data: { id: 'cgt-1', status: 'succeeded' } };
    expect(newApi.read(wrap(task))).toMatchObject({ status: 'succeeded', ...found, inner: { id: 'cgt-1', status: 'succeeded' } });
  });

  it.each([
    ['content', { video_url: link }, { videoUrl: link, inner: null }],
    ['model', 'seedance-2-0', { model: 'seedance-2-0', inner: null }],
    ['usage', { total_tokens: 7 }, { usage: { totalTokens: 7 }, inner: null }],
    ['id', 'cgt-1', { inner: { id: 'cgt-1', status: null, resolution: null } }],
    ['status', 'succeeded', { inner: { id: null, status: 'succeeded', resolution: null } }],
  ])('%s identifies the inner task', (field, value, found) => {
    expect(read({ status: 'SUCCESS', data: { [field]: value } })).toMatchObject({ status: 'succeeded', ...found });
  });
});

describe('envelopes inside one another', () => {
  const task = { task_id: 'requested', status: 'SUCCESS', progress: '100%', data: { id: 'cgt-1', status: 'succeeded', seed: 5 } };

  it.each([0, 1, 2, 3])('%i around the task are searched', (times) => {
    expect(newApi.read(wrap(task, times))).toMatchObject({ status: 'succeeded', progress: 1, settings: { seed: 5 }, inner: { id: 'cgt-1', status: 'succeeded' } });
  });

  it.each([0, 1, 2])('%i between the task and its upstream are searched', (times) => {
    expect(newApi.read(wrap({ ...task, data: wrap(task.data, times) }))).toMatchObject({ status: 'succeeded', settings: { seed: 5 }, inner: { id: 'cgt-1' } });
  });

  it('are searched to a limited depth', () => {
    for (const times of [20, 60]) expect(newApi.read(wrap(task, times))).toBeNull();
  });

  it('are refused when one around the task reports an error', () => {
    expect(newApi.read({ code: 'fail', message: 'no', data: task })).toBeNull();
    expect(newApi.read(wrap({ code: 'fail', message: 'no', data: task }))).toBeNull();
  });

  it('have the message of the first as a notice, unless it is empty', () => {
    expect(newApi.read({ code: 'success', message: 'maintenance at noon', data: task })).toMatchObject({ notice: 'maintenance at noon' });
    expect(newApi.read({ code: 'success', message: '', data: task })).toMatchObject({ notice: null });
    expect(newApi.read({ code: 'success', data: task })).toMatchObject({ notice: null });
  });
});

describe('the numbers of an envelope', () => {
  it.each([
    ['50%', 0.5],
    ['0%', 0],
    [0, 0],
    [100, 1],
    ['100', 1],
    ['', null],
    [null, null],
    ['soon', null],
  ])('progress %j is %j', (progress, part) => {
    expect(read({ status: 'IN_PROGRESS', progress })?.progress).toBe(part);
  });

  it('times of 0 are unknown, and the next known one counts', () => {
    const inner = { id: 'cgt-1', created_at: 7, updated_at: 8 };
    expect(read({ status: 'QUEUED', submit_time: 5, created_at: 6, data: inner })).toMatchObject({ createdAtMs: 5_000, updatedAtMs: 8_000 });
    expect(read({ status: 'QUEUED', submit_time: 0, created_at: 6, updated_at: 9, data: inner })).toMatchObject({ createdAtMs: 7_000, updatedAtMs: 9_000 });
    expect(read({ status: 'QUEUED', submit_time: 0, created_at: 6, updated_at: 0 })).toMatchObject({ createdAtMs: 6_000, updatedAtMs: null });
    expect(read({ status: 'QUEUED', submit_time: 0, start_time: 0, finish_time: 0 })).toMatchObject({ createdAtMs: null, startedAtMs: null, finishedAtMs: null });
  });

  it('the end is finish_time, else the last update of a task that has ended', () => {
    for (const none of [undefined, null, '']) {
      expect(read({ status: 'SUCCESS', finish_time: none, updated_at: 9 })).toMatchObject({ finishedAtMs: 9_000 });
      expect(read({ status: 'IN_PROGRESS', finish_time: none, updated_at: 9 })).toMatchObject({ finishedAtMs: null });
    }
    expect(read({ status: 'SUCCESS', finish_time: 8, updated_at: 9 })).toMatchObject({ finishedAtMs: 8_000 });
    expect(read({ status: 'FAILURE', finish_time: 0, updated_at: 9 })).toMatchObject({ finishedAtMs: null });
  });

  it.each(['completed_at', 'finished_at'])('the end is %s in a body of another release, once the task has ended', (field) => {
    const flat = (status: string) => newApi.read({ id: 'requested', status, [field]: 8, updated_at: 9 });
    expect(flat('completed')).toMatchObject({ status: 'succeeded', finishedAtMs: 8_000, videoUrl: null });
    expect(flat('in_progress')).toMatchObject({ status: 'running', finishedAtMs: null });
  });

  it('the row id of the database is not a task id', () => {
    for (const id of [154, 0, 18446744073709551617]) {
      expect(newApi.read(wrap({ id, status: 'QUEUED' }))).toMatchObject({ id: null });
      expect(read({ id, status: 'QUEUED', data: { id: 155, status: 'queued' } })).toMatchObject({ id: 'requested', inner: { id: null, status: 'queued' } });
    }
  });
});
