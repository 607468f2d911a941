/**
 * A third-party client, @ai-sdk/bytedance, against the simulator: it creates a task, polls it and downloads the file, as it does
 * with Ark.
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

const options: Parameters<ReturnType<ReturnType<typeof createByteDance>['video']>['doGenerate']>[0] = {
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

const start = async (simulatorOptions: SimulatorOptions = {}) => {
  const simulator = await startSimulator({ speed, ...simulatorOptions });
  onTestFinished(() => simulator.stop());
  const peer = createByteDance({ apiKey: simulator.apiKey('ark'), baseURL: simulator.baseUrl('ark') });
  const generate = () => peer.video(model).doGenerate(options);
  return { simulator, generate };
};

describe('the client of the AI SDK', () => {
  it('generates a video on the simulator, and its link leads to the file', async () => {
    const { simulator, generate } = await start();
    const { videos, warnings, response } = await generate();
    expect(warnings).toEqual([]);
    expect(response.modelId).toBe(model);
    const [video] = videos;
    if (video?.type !== 'url') throw new Error(`expected a link, got ${JSON.stringify(video)}`);
    const film = await fetch(video.url);
    expect([film.status, film.headers.get('content-type')]).toEqual([200, 'video/mp4']);
    expect(new TextDecoder('latin1').decode(await film.arrayBuffer()).slice(4, 8)).toBe('ftyp');
    expect(simulator.requests.filter(({ method }) => method === 'POST').map(({ provider, status }) => [provider, status])).toEqual([['ark', 200]]);
    expect(simulator.requests.filter(({ method, id }) => method === 'GET' && id !== null).length).toBeGreaterThan(1);
  });

  it('reports a failed task as it does with Ark', async () => {
    const { generate } = await start({ outcomes: { moderated: 1 } });
    await expect(generate()).rejects.toThrow(/^Video generation failed: .*"status":"failed"/);
  });

  it('reads the error for a wrong key', async () => {
    const { simulator } = await start();
    const stranger = createByteDance({ apiKey: 'another-key', baseURL: simulator.baseUrl('ark') });
    await expect(stranger.video(model).doGenerate(options)).rejects.toMatchObject({ statusCode: 401 });
  });

  it('and this library see the same end of the same task', async () => {
    const { simulator, generate } = await start();
    const { videos } = await generate();
    const id = simulator.requests.find((request) => request.method === 'GET' && request.id !== null)?.id ?? '';
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
