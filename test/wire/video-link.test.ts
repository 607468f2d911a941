import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import type { Provider } from '../../src/wire/provider.js';
import { videoLinkIn } from '../../src/wire/video-link.js';

const url = 'https://cdn.example/1.mp4?X-Tos-Signature=00';
const providers: readonly Provider[] = [ark, kyyaipower, anyfast];

const videoOf = (provider: Provider, body: unknown): unknown => {
  const result = provider.read({ provider: provider.id, id: 'requested' }, { status: 200, headers: {}, body: JSON.stringify(body) });
  return result._tag === 'Right' && result.right.snapshot.status === 'succeeded' ? result.right.snapshot.video?.url : result;
};

const forms: readonly (readonly [name: string, fields: object])[] = [
  ['metadata.url', { metadata: { url } }],
  ['an object', { video_url: { url } }],
  ['a list', { video_url: [url] }],
  ['a video object', { video: { url, thumbnail: 'https://cdn.example/1.jpg' } }],
  ['a list of video objects', { videos: [{ url }] }],
  ['output as a string', { output: url }],
  ['output as a list', { output: [url] }],
  ['output as an object', { output: { video_url: url } }],
  ['outputs beside a picture', { outputs: ['https://cdn.example/last.png', url] }],
  ['result.videos', { result: { videos: [{ url: [url] }] } }],
  ['task_result.videos', { task_result: { videos: [{ id: '1', url }] } }],
  ['video_result', { video_result: [{ cover_image_url: 'https://cdn.example/1.png', url }] }],
  ['camel case', { videoUrl: url }],
  ['JSON text', { resultJson: JSON.stringify({ resultUrls: [url] }) }],
  ['a link in content.metadata', { content: { metadata: { url } } }],
  ['the name of another dialect', { result_url: url }],
];

describe.each(forms)('the link in %s', (_, fields) => {
  it('is the link of a finished video, with or without an envelope', () => {
    for (const provider of providers) {
      const task = { id: 'requested', task_id: 'requested', status: 'completed', ...fields };
      expect(videoOf(provider, task)).toBe(url);
      expect(videoOf(provider, { code: 0, message: 'ok', data: task })).toBe(url);
    }
  });
});

describe('the video object of new-api', () => {
  it('has its link, progress and end', () => {
    const body = { id: 'requested', task_id: 'requested', object: 'video', status: 'completed', progress: 100, created_at: 1_790_000_000, completed_at: 1_790_000_060, seconds: '5', metadata: { url } };
    expect(anyfast.read(anyfast.task('requested'), { status: 200, headers: {}, body: JSON.stringify(body) })).toMatchObject({
      right: { snapshot: { status: 'succeeded', progress: 1, objectType: 'video', createdAtMs: 1_790_000_000_000, finishedAtMs: 1_790_000_060_000, video: { url } } },
    });
  });
});

describe('videoLinkIn', () => {
  it.each([
    ['the address of the task in the API', { url }],
    ['pictures', { output: ['https://cdn.example/1.png', 'https://cdn.example/1.jpg?sign=1'] }],
    ['what the request had', { input: { video_url: url }, request: { content: [{ video_url: { url } }] }, content: [{ type: 'image_url', image_url: { url } }] }],
    ['another scheme', { metadata: { url: 'ftp://cdn.example/1.mp4' }, output: 'javascript:alert(1)' }],
    ['a callback', { callback_url: url, webhook: url }],
    ["Replicate's addresses", { urls: { get: url, cancel: url } }],
    ['a body that is a link', url],
  ])('takes no link from %s', (_, body) => {
    expect(videoLinkIn(body)).toBeNull();
  });

  it('gives null or an http(s) link that the body has, for any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), fc.constantFrom('output', 'metadata', 'video_url', 'data'), (value, name) => {
      const body = { [name]: value };
      const link = videoLinkIn(body);
      expect(link === null || (/^https?:\/\//i.test(link) && JSON.stringify(body).includes(JSON.stringify(link).slice(1, -1)))).toBe(true);
    }));
  });
});
