import { describe, expect, it } from 'vitest';
import { ark, arkExpectedTimeMs } from '../../src/wire/ark.js';

const read = (fields: object) => ark.read({ id: 'cgt-1', status: 'succeeded', ...fields });
const url = 'https://cdn.example.com/a.mp4?sign=a%2Fb&x=1+2';
const frame = 'https://cdn.example.com/last.png';

describe('the link of an Ark task', () => {
  it.each([
    ['an object', { video_url: url }],
    ['an object around the link', { video_url: { url } }],
    ['a list of one typed item', [{ type: 'video_url', video_url: { url } }]],
    ['a list of plain items', [{ video_url: url }]],
    ['an object, with white space around it', { video_url: ` ${url}\n` }],
    ['a list, with white space around it', [{ type: 'video_url', video_url: { url: `\t${url} ` } }]],
    ['a list with a text item first', [{ type: 'text', text: 'done' }, { type: 'video_url', video_url: { url } }]],
    ['a list with a text item last', [{ type: 'video_url', video_url: { url } }, { type: 'text', text: 'done' }]],
    ['a list with items of other types', ['x', null, 5, [], { type: 'video_url', video_url: { url } }]],
    ['a list whose other items have an empty link', [{ type: 'video_url', video_url: { url } }, { type: 'last_frame_url', video_url: null }]],
    ['an object with fields of other models', { video_url: url, file_url: 'https://x.example/a.glb', extra: [1] }],
  ])('is found in %s', (_, content) => {
    expect(read({ content })?.videoUrl).toBe(url);
  });

  it.each([
    undefined,
    null,
    {},
    [],
    url,
    5,
    true,
    { video_url: '' },
    { video_url: null },
    { video_url: {} },
    { video_url: 'ftp://x.example/a.mp4' },
    { video_url: 'a.mp4' },
    { video_url: 5 },
    { video_url: [url] },
    { file_url: url },
    [url],
    [[{ video_url: url }]],
    [{ type: 'video_url' }],
    [{ type: 'image_url', image_url: { url } }],
  ])('is not found in %j', (content) => {
    expect(read({ content })?.videoUrl).toBeNull();
  });

  it('comes with the last frame, in each form', () => {
    expect(read({ content: { video_url: url, last_frame_url: frame } })).toMatchObject({ videoUrl: url, lastFrameUrl: frame });
    const items = [{ type: 'video_url', video_url: { url } }, { type: 'last_frame_url', last_frame_url: { url: frame } }];
    expect(read({ content: items })).toMatchObject({ videoUrl: url, lastFrameUrl: frame });
  });
});

describe('the parts of an Ark task', () => {
  const nothing = { completionTokens: null, totalTokens: null, billedTokens: null, toolUsage: null };

  it.each([
    [{ completion_tokens: 5, total_tokens: 7 }, { ...nothing, completionTokens: 5, totalTokens: 7, billedTokens: 5 }],
    [{ completion_tokens: 5, super_resolution_tokens: 9 }, { ...nothing, completionTokens: 5, billedTokens: 9 }],
    [{ completion_tokens: 5, super_resolution_tokens: 0 }, { ...nothing, completionTokens: 5, billedTokens: 0 }],
    [{ total_tokens: 7 }, { ...nothing, totalTokens: 7 }],
    [{ completion_tokens: 0, total_tokens: 0 }, { ...nothing, completionTokens: 0, totalTokens: 0, billedTokens: 0 }],
    [{ tool_usage: { web_search: 2 } }, { ...nothing, toolUsage: { web_search: 2 } }],
    [{ tool_usage: {} }, null],
    [{ completion_tokens: -5 }, null],
    [{}, null],
    [null, null],
    [[], null],
    ['5', null],
  ])('usage %j is %j', (usage, expected) => {
    expect(read({ usage })?.usage).toEqual(expected);
  });

  it.each([
    [[{ type: 'web_search' }], ['web_search']],
    [['web_search', 'other'], ['web_search', 'other']],
    [[{ type: 5 }, null, {}, { type: 'a' }], ['a']],
    [null, null],
    [undefined, null],
    [{}, null],
    ['web_search', null],
  ])('tools %j are %j', (tools, expected) => {
    expect(read({ tools })?.settings.tools).toEqual(expected);
  });

  it.each([
    [{ model: 'm', content: [{ type: 'text' }] }, { model: 'm', content: [{ type: 'text' }] }],
    [{ content: [] }, { model: null, content: [] }],
    [{ model: 'm', content: 'text' }, { model: 'm', content: [] }],
    [null, null],
    ['text', null],
    [[], null],
  ])('the echo of request %j is %j', (request, expected) => {
    expect(read({ request })?.request).toEqual(expected);
  });

  it('the end is the last update, if the task has ended', () => {
    const ends = ['queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired', 'odd'].map((status) => read({ status, updated_at: 5 })?.finishedAtMs);
    expect(ends).toEqual([null, null, 5_000, 5_000, 5_000, 5_000, null]);
  });

  it('flags may be strings, but no other values', () => {
    expect(read({ generate_audio: 'false', draft: 'true' })?.settings).toMatchObject({ hasAudio: false, draft: true });
    expect(read({ generate_audio: 1, draft: 'no' })?.settings).toMatchObject({ hasAudio: null, draft: null });
  });

  it('a duration of 0 or -1 is null', () => {
    for (const duration of [0, -1, '-1']) expect(read({ duration })?.settings.durationMs).toBeNull();
  });

  it.each([
    [{ frames: 289, framespersecond: 24 }, 12_042],
    [{ frames: '120', framespersecond: '24' }, 5_000],
    [{ frames: 289, framespersecond: 24, duration: 12 }, 12_000],
    [{ frames: 289 }, null],
    [{ framespersecond: 24 }, null],
    [{ frames: 289, framespersecond: 0 }, null],
    [{ frames: 0, framespersecond: 24 }, null],
    [{ frames: 289, framespersecond: -24 }, null],
  ])('%j makes a length of %j ms', (fields, ms) => {
    expect(read(fields)?.settings.durationMs).toBe(ms);
  });

  it.each([
    ['a cat --resolution 480p --duration 5 --camerafixed false', '480p', 5_000],
    ['a cat --rs 1080P --dur 12', '1080p', 12_000],
    ['--resolution=720p --duration=4', '720p', 4_000],
    ['say "--duration 3" --duration 5', null, 5_000],
    ['a cat --duration -1 --resolution high', null, null],
    ['a 480p cat, duration 5', null, null],
    ['--durations 5 --resolution 480px', null, null],
  ])('the flags of %j are resolution %j and length %j', (prompt, resolution, durationMs) => {
    const request = { model: 'm', content: [{ type: 'text', text: prompt }, { type: 'image_url', image_url: { url } }] };
    expect(read({ request })?.settings).toMatchObject({ resolution, durationMs });
    expect(read({ request, resolution: '4k', duration: 9 })?.settings).toMatchObject({ resolution: '4k', durationMs: 9_000 });
  });

  it('cuts pictures in the echoed request, and keeps the prompt', () => {
    const prompt = 'a prompt. '.repeat(1500);
    const picture = `data:image/png;base64,${'A'.repeat(1_400_000)}`;
    const request = (url: string) => ({ content: [{ type: 'text', text: prompt }, { type: 'image_url', image_url: { url }, role: 'first_frame' }] });
    const echoed = read({ request: request(picture) })?.request;
    expect(echoed).toEqual({ model: null, ...request(`${picture.slice(0, 1000)}…`) });
    const deep: unknown = JSON.parse(`${'['.repeat(5000)}${']'.repeat(5000)}`);
    expect(read({ request: { content: [deep] } })?.request).toEqual({ model: null, content: [[[[[null]]]]] });
  });

  it('no flags are read from an odd echo', () => {
    for (const content of [[], [5, null, 'text', { text: 5 }], 'x']) expect(read({ request: { content } })?.settings).toMatchObject({ resolution: null, durationMs: null });
  });

  it.each([null, 5, 'x', [], [{ status: 'queued' }], {}, { id: 'cgt-1' }, { status: null }, { status: {} }, { data: { status: 'queued' } }])(
    'there is no Ark task in %j',
    (body) => {
      expect(ark.read(body)).toBeNull();
    },
  );
});

describe('how long an Ark task takes', () => {
  it.each([
    [null, 90, 240],
    [1_000, 90, 240],
    [5_000, 90, 240],
    [5_040, 170, 699],
    [15_000, 170, 699],
    [15_040, 330, 1_057],
    [30_000, 330, 1_057],
  ])('is for a video of %j ms from %i to %i s, and unknown in the flex tier', (durationMs, min, max) => {
    const hints = { serviceTier: 'default', model: 'any', resolution: '720p', durationMs };
    expect(arkExpectedTimeMs(hints)).toEqual({ minMs: min * 1_000, maxMs: max * 1_000 });
    expect(arkExpectedTimeMs({ ...hints, serviceTier: 'flex' })).toBeNull();
  });
});
