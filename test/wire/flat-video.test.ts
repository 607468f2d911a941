import { describe, expect, it } from 'vitest';
import { flatVideo } from '../../src/wire/flat-video.js';

const read = (fields: object) => flatVideo.read({ id: 'video_1', status: 'completed', ...fields });

describe('a flat task', () => {
  it.each([
    [{ actualDuration: 5.2, duration: 5 }, 5_200],
    [{ actualDuration: '5.2' }, 5_200],
    [{ duration: 5 }, 5_000],
    [{ duration: '10' }, 10_000],
    [{ actualDuration: null, duration: 5 }, 5_000],
    [{ actualDuration: 0, duration: 5 }, 5_000],
    [{ duration: -1 }, null],
    [{ duration: 'auto' }, null],
    [{}, null],
  ])('of %j is %j ms long', (fields, ms) => {
    expect(read(fields)?.settings.durationMs).toBe(ms);
  });

  it.each([
    [40594, 40594],
    ['40594', 40594],
    [0, 0],
    [-1, null],
    ['many', null],
    [1.5, null],
    ['18446744073709551617', null],
    [null, null],
  ])('of totalTokens %j has %j tokens in total', (totalTokens, tokens) => {
    expect(read({ totalTokens })?.usage?.totalTokens ?? null).toBe(tokens);
  });

  it('has no usage without a token count', () => {
    expect(read({})?.usage).toBeNull();
  });

  it.each(['', ' ', null, 5, {}, 'video.mp4', '/v/a.mp4', 'ftp://x.example/a.mp4', 'see https://x.example/a.mp4'])('does not accept %j as a link', (link) => {
    expect(read({ video_url: link, last_frame_url: link, officialMediaUrl: link })).toMatchObject({ videoUrl: null, lastFrameUrl: null, originalUrl: null });
  });

  it('removes white space around a link', () => {
    expect(read({ video_url: ' https://x.example/a.mp4?b=%20\n' })?.videoUrl).toBe('https://x.example/a.mp4?b=%20');
  });

  it.each([
    ['seedance_1_5_pro_720p', '720p'],
    ['seedance_1_5_pro_1080P', '1080p'],
    ['seedance-2-0-480p-fast', '480p'],
    ['kyyvideo2_4k', '4k'],
    ['seedance_2_0_pro', null],
    ['x720px', null],
    [null, null],
  ])('of the model %j has the resolution %j', (model, resolution) => {
    expect(read({ model })?.settings.resolution).toBe(resolution);
  });

  it('has only one instant', () => {
    expect(read({ created: '1761635478', updated_at: 5, finished_at: 5 })).toMatchObject({
      ...{ createdAtMs: 1_761_635_478_000, startedAtMs: null, updatedAtMs: null, finishedAtMs: null, expiresAfterMs: null },
    });
  });

  it.each([null, 'x', [], {}, { id: 'video_1' }, { status: null }, { status: {} }, { code: 0, data: { status: 'queued' } }])('is not in %j', (body) => {
    expect(flatVideo.read(body)).toBeNull();
  });
});
