/**
 * A client that nobody here wrote, @ai-sdk/bytedance, pointed at the simulator: it creates a task, asks about it and fetches the file,
 * as it does with Ark. What it accepts, the simulator sends.
 */
import { createByteDance } from '@ai-sdk/bytedance';
import { lastValueFrom } from 'rxjs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { account, createTaskClient } from '../../src/index.js';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { ark } from '../../src/providers/ark.js';
import { atSpeed, startSimulator, type SimulatorOptions } from '../../src/simulator/index.js';

const speed = 100;
const model = 'dreamina-seedance-2-0-260128';

const wish: Parameters<ReturnType<ReturnType<typeof createByteDance>['video']>['doGenerate']>[0] = {
  prompt: 'a kite over the sea',
  n: 1,
  aspectRatio: '9:16',
  resolution: '720x1280',
  duration: 5,
  fps: undefined,
  seed: 42,
  image: undefined,
  frameImages: undefined,
  inputReferences: undefined,
  generateAudio: true,
  providerOptions: { bytedance: { watermark: false, pollIntervalMs: 20 } },
};

const start = async (options: SimulatorOptions = {}) => {
  const simulator = await startSimulator({ speed, ...options });
  onTestFinished(() => simulator.stop());
  const peer = createByteDance({ apiKey: simulator.apiKey('ark'), baseURL: simulator.baseUrl('ark') });
  const generate = () => peer.video(model).doGenerate(wish);
  return { simulator, generate };
};

describe('the client of the AI SDK', () => {
  it('generates a video on the simulator to its end, and its link leads to the film', async () => {
    const { simulator, generate } = await start();
    const { videos, warnings, response } = await generate();
    expect(warnings).toEqual([]);
    expect(response.modelId).toBe(model);
    const [video] = videos;
    if (video?.type !== 'url') throw new Error(`a link was expected, not ${JSON.stringify(video)}`);
    const film = await fetch(video.url);
    expect([film.status, film.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    expect(new TextDecoder('latin1').decode(await film.arrayBuffer()).slice(4, 8)).toBe('ftyp');
    expect(simulator.requests.filter(({ method }) => method === 'POST').map(({ provider, status }) => [provider, status])).toEqual([['ark', 200]]);
    expect(simulator.requests.filter(({ method, id }) => method === 'GET' && id !== null).length).toBeGreaterThan(1);
  });

  it('is told of a task that fails as of one at Ark', async () => {
    const { generate } = await start({ outcomes: { moderated: 1 } });
    await expect(generate()).rejects.toThrow(/^Video generation failed: .*"status":"failed"/);
  });

  it('is refused with a wrong key in the words that it reads', async () => {
    const { simulator } = await start();
    const stranger = createByteDance({ apiKey: 'another-key', baseURL: simulator.baseUrl('ark') });
    await expect(stranger.video(model).doGenerate(wish)).rejects.toMatchObject({ statusCode: 401 });
  });

  it('and this library see the same end of the same task', async () => {
    const { simulator, generate } = await start();
    const { videos } = await generate();
    const id = simulator.requests.find(({ method, id: asked }) => method === 'GET' && asked !== null)?.id ?? '';
    const client = createTaskClient({
      transport: fetchTransport(),
      accounts: [account(ark, { apiKey: simulator.apiKey('ark'), baseUrl: simulator.baseUrl('ark') })],
      scheduler: atSpeed(speed),
    });
    const { snapshot } = await lastValueFrom(client.watch({ provider: 'ark', id }));
    const [video] = videos;
    expect(snapshot.status === 'succeeded' ? snapshot.video?.url : null).toBe(video?.type === 'url' ? video.url : undefined);
    expect(snapshot.settings).toMatchObject({ seed: 42, ratio: '9:16', resolution: '720p', durationMs: 5_000, hasAudio: true });
  });
});
