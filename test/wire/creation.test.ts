import fc from 'fast-check';
import { isLeft, isRight } from 'fp-ts/Either';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { arkCreation, createdIdIn, flatVideoCreation } from '../../src/wire/creation.js';
import { anyBodyText, anyHttpStatus } from '../support/arbitraries.js';

const providers = [anyfast, ark, kyyaipower, powertokens, xingchao, yescale];

describe('createdIdIn', () => {
  it.each<readonly [string, unknown, string | null]>([
    ['of Ark', { id: 'cgt-20260101-abcde' }, 'cgt-20260101-abcde'],
    ['of Ark, with an echo', { id: 'cgt-1', safety_identifier: 'order-1' }, 'cgt-1'],
    ['of AnyFast, with an empty status', { id: 'cgt-1', task_id: 'cgt-1', object: 'video', model: 'm', status: '', progress: 0, created_at: 1 }, 'cgt-1'],
    ['of the flat dialect', { id: 'video_1', object: 'video', created: 1, model: 'm', status: 'queued' }, 'video_1'],
    ['of an older path of the flat dialect', { projectId: 'p-1', status: 'queued' }, 'p-1'],
    ['of YEScale, with its label', { id: 'cgt-1', message: 'YEScale - Seedance Video Generation - Submit' }, 'cgt-1'],
    ['in an envelope of new-api, beside the row of its database', { code: 'success', message: '', data: { id: 154, task_id: 'task_1' } }, 'task_1'],
    ['as the data of an envelope', { code: 0, message: 'ok', data: 'task_1' }, 'task_1'],
    ['as a number', { id: 7_123_456 }, '7123456'],
    ['of a task that failed at once', { id: 'cgt-1', status: 'failed', error: { code: 'InternalServiceError', message: 'no' } }, 'cgt-1'],
    ['in an error with an id of its own', { id: 'req-1', error: { code: 'InvalidParameter', message: 'no such model' } }, null],
    ['in an envelope that reports a failure', { code: 'fail', message: 'no', data: { id: 'cgt-1' } }, null],
    ['that is empty', { id: '' }, null],
    ['that is a path', { id: '..' }, null],
    ['with white space', { id: 'see our page' }, null],
    ['of 300 characters', { id: 'x'.repeat(300) }, null],
    ['that is missing', {}, null],
    ['in a list', [{ id: 'cgt-1' }], null],
  ])('reads the id %s', (_, json, id) => {
    expect(createdIdIn(json)).toBe(id);
  });

  it('never throws, and never returns what is no id, for any response of any provider', () => {
    fc.assert(fc.property(fc.constantFrom(...providers), anyHttpStatus, anyBodyText, (provider, status, body) => {
      const read = provider.readWith({ status, headers: {}, body }, 'id', createdIdIn);
      if (isRight(read)) {
        expect(status).toSatisfy((code: number) => code >= 200 && code < 300);
        expect(read.right).toMatch(/^\S{1,256}$/);
      }
    }));
  });
});

describe('a body', () => {
  const body = { model: 'm', content: [{ type: 'text', text: 'a boat --resolution 480p --dur 7' }] };

  it('gives its settings as what to expect, those of its prompt too, and its fields first', () => {
    const read = (fields: object) => {
      const creation = arkCreation('/tasks').read({ ...body, ...fields });
      return isLeft(creation) ? creation.left : creation.right.expected;
    };
    expect(read({})).toEqual({ model: 'm', resolution: '480p', serviceTier: null, durationMs: 7000 });
    expect(read({ duration: 5, resolution: '1080p', service_tier: 'flex' })).toEqual({ model: 'm', resolution: '1080p', serviceTier: 'flex', durationMs: 5000 });
    expect(read({ frames: 48, duration: 5 })).toMatchObject({ durationMs: 2000 });
    expect(read({ duration: -1 })).toMatchObject({ durationMs: null });
  });

  it.each(['https://x.example/a.png', 'data:image/png;base64,iVBORw0', 'asset://asset-1', 'tos://bucket/key'])('may have the link %s', (url) => {
    expect(isRight(arkCreation('/tasks').read({ ...body, content: [{ type: 'image_url', image_url: { url } }] }))).toBe(true);
    expect(isRight(flatVideoCreation.read({ model: 'm', images: [url] }))).toBe(true);
  });

  it.each(['cat.png', '/tmp/cat.png', 'C:\\cat.png', 'file:///tmp/cat.png', 'blob:https://x.example/1', 'https://', ''])('may not have the link %j', (url) => {
    expect(isLeft(arkCreation('/tasks').read({ ...body, content: [{ type: 'image_url', image_url: { url } }] }))).toBe(true);
    expect(isLeft(flatVideoCreation.read({ model: 'm', prompt: 'a boat', images: ['https://x.example/a.png', url] }))).toBe(true);
  });

  it('may have parts and fields that this library does not know', () => {
    expect(isRight(arkCreation('/tasks').read({ ...body, content: [...body.content, { type: 'draft_task', draft_task: { id: 'cgt-1' } }], new_option: { a: 1 } }))).toBe(true);
  });

  it('is read without an exception, whatever it is', () => {
    fc.assert(fc.property(fc.oneof(fc.anything(), fc.record({ model: fc.anything(), content: fc.anything(), prompt: fc.anything(), images: fc.anything() })), (value) => {
      for (const { read } of [arkCreation('/tasks'), flatVideoCreation]) {
        const creation = read(value);
        if (isLeft(creation)) expect(creation.left).toMatch(/must be/);
      }
    }));
  });
});
