/**
 * The page's server without a browser.
 */
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { addTask, post, startServer, startWorld } from './world.js';

describe('the server of the page', () => {
  it('creates only what the form offers, and acts only on what its feed shows', async () => {
    const { url, simulator } = await startWorld();
    const wish = { key: '0123456789abcdef', provider: 'ark', model: 'doubao-seedance-2-0-260128', prompt: 'a boat', resolution: '720p', seconds: 5 };
    expect(await post(url, 'creations', { ...wish, key: 'short' })).toMatch(/^400 key must be/);
    expect(await post(url, 'creations', { ...wish, provider: 'toString' })).toMatch(/^400 no account for 'toString'/);
    expect(await post(url, 'creations', { ...wish, model: 'dear-model' })).toMatch(/^400 model must be one of/);
    expect(await post(url, 'creations', { ...wish, prompt: 'x'.repeat(2001) })).toMatch(/^400 prompt must have 1 to 2000 characters/);
    expect(await post(url, 'creations', { ...wish, prompt: 'x'.repeat(10_000) })).toMatch(/^400 the body must be shorter/);
    expect(await post(url, 'creations', { ...wish, resolution: '2160p' })).toMatch(/^400 resolution must be one of/);
    expect(await post(url, 'creations', { ...wish, seconds: 60 })).toMatch(/^400 seconds must be an integer from 4 to 12/);
    const stranger = simulator.submit('ark', { queueMs: 3_600_000 });
    for (const path of ['cancellations', 'removals']) expect(await post(url, path, { task: `ark:${stranger.id}` })).toBe(`400 ark:${stranger.id} is not in the feed`);
    expect(await post(url, 'restarts', {})).toBe('400 only simulated providers can start again');
    expect((await fetch(`${url}creations`, { method: 'POST', body: JSON.stringify(wish) })).status).toBe(400);
    expect(simulator.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });

  it('serves a video while it saves it and after its link has expired, and no file of another task', async () => {
    const { url, simulator } = await startWorld({ speed: 200 });
    const task = simulator.submit('anyfast', { queueMs: 0, runMs: 1_000 });
    await addTask(url, task);
    const name = encodeURIComponent(`anyfast:${task.id}`);
    const video = () => fetch(`${url}video?task=${name}`, { redirect: 'manual' });
    await expect.poll(async () => (await video()).status, { timeout: 20_000 }).toBe(200);
    await simulator.stop();
    const saved = await video();
    expect(saved.headers.get('content-type')).toBe('video/mp4');
    expect((await saved.arrayBuffer()).byteLength).toBeGreaterThan(1000);
    const part = await fetch(`${url}video?task=${name}`, { headers: { range: 'bytes=4-7' } });
    expect([part.status, await part.text()]).toEqual([206, 'ftyp']);
    for (const other of ['anyfast:1', 'anyfast:../notes.jsonl', 'toString:1', '']) expect((await fetch(`${url}video?task=${encodeURIComponent(other)}`)).status).toBeGreaterThanOrEqual(400);
  });

  it('keeps removed tasks removed and prompts known when it is restarted', async () => {
    const { url, simulator, crash } = await startWorld({ speed: 40 });
    expect(await post(url, 'creations', { key: '0123456789abcdef', provider: 'ark', model: 'doubao-seedance-2-0-260128', prompt: 'a boat', resolution: '720p', seconds: 5 })).toBe('201');
    const [boat] = simulator.tasks();
    const gone = simulator.submit('ark', { queueMs: 3_600_000 });
    await addTask(url, gone);
    const feed = async (): Promise<string> => {
      const reader = (await fetch(`${url}feed`)).body!.pipeThrough(new TextDecoderStream()).getReader();
      let seen = '';
      while (!seen.includes('\ndata:') || !seen.endsWith('\n\n')) seen += (await reader.read()).value ?? '';
      await reader.cancel();
      return seen;
    };
    await expect.poll(async () => (await feed()).includes(gone.id)).toBe(true);
    expect(await post(url, 'removals', { task: `ark:${gone.id}` })).toBe('200');
    await (await crash())();
    await expect.poll(async () => (await feed()).includes(boat!.id)).toBe(true);
    expect(await feed()).not.toContain(gone.id);
    expect(await (await fetch(`${url}prompts`)).json()).toEqual([{ task: { provider: 'ark', id: boat!.id }, prompt: 'a boat' }]);
  });

  it('begins no simulated task before a page is open', async () => {
    const server = await startServer({ PORT: '0' });
    try {
      expect(await (await fetch(`${server.url}prompts`)).json()).toEqual([]);
    } finally {
      await server.kill();
    }
  });

  it('can request only tasks by their ids', async () => {
    const { url, simulator } = await startWorld();
    const statusOf = async (path: string): Promise<number> => (await fetch(url + path)).status;
    const before = simulator.requests.length;
    expect(await statusOf('poll/ark/contents/generations/tasks?page_size=100')).toBe(404);
    expect(await statusOf('poll/anyfast/../../v1/models')).toBe(404);
    expect(await statusOf('poll/unknown/v1/tasks/1')).toBe(404);
    expect(simulator.requests).toHaveLength(before);
  });

  it.each(['GET //', 'GET ///', 'GET http://elsewhere.example//', 'OPTIONS *', 'GET /%', 'GET /poll/ark/contents/generations/tasks/%2e%2e'])('cannot end the server by %s', async (firstLine) => {
    const { url, simulator } = await startWorld();
    const before = simulator.requests.length;
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`${firstLine} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 [234]/);
    expect((await fetch(url)).status).toBe(200);
    expect(simulator.requests).toHaveLength(before);
  });
});
