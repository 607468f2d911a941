/**
 * Many readers that come back at once, over real HTTP: 500 of them, 10,000 rows, in one process. Prints the time and the memory.
 */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import { BehaviorSubject, filter, firstValueFrom, from, lastValueFrom, of, skip } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromServerSentEvents } from '../../src/sse/client.js';
import { toServerSentEvents } from '../../src/sse/server.js';
import { type Feed, toFeed } from '../../src/feed/feed.js';
import { errored, feedAfter, to } from './feeds.js';

const rows = 10_000;
const readers = 500;
const running = Array.from({ length: rows }, (_, index) => to('running', `cgt-${String(index)}`));

let feed: BehaviorSubject<Feed>;
let url: string;
let stop: () => Promise<void>;

beforeAll(async () => {
  feed = new BehaviorSubject(feedAfter(...running));
  const events = toServerSentEvents(feed);
  const server = createServer((request, response) => {
    response.writeHead(200, events.headers);
    pipeline(Readable.fromWeb(events.stream(request.headers['last-event-id'])), response, () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  stop = async () => {
    events.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
});
afterAll(() => stop());

const megabytes = (): number => Math.round(process.memoryUsage().rss / 1e6);

/** Connects, and resolves with a function that disconnects. */
const connectWithoutReading = (): Promise<() => void> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      response.pause().on('error', () => undefined);
      resolve(() => request.destroy());
    });
    request.on('error', reject);
  });

/** Connects, and resolves with the bytes once the whole feed has arrived. */
const readFeed = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      let [bytes, tail] = [0, ''];
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        // The last slice is the event `last`.
        tail = tail.slice(-20) + chunk.toString('latin1');
        if (!tail.includes('event: last\n')) return;
        request.destroy();
        resolve(bytes);
      });
      response.on('error', () => undefined);
    });
    request.on('error', reject);
  });

describe('10,000 rows', () => {
  it('reach 500 readers that connect at once within a minute, and cost less than 300 MB', async () => {
    await readFeed();
    const before = megabytes();
    let most = before;
    const watching = setInterval(() => { most = Math.max(most, megabytes()); }, 100);
    const started = performance.now();
    const sizes = await Promise.all(Array.from({ length: readers }, readFeed));
    const seconds = (performance.now() - started) / 1000;
    clearInterval(watching);
    console.log(`${String(readers)} readers: ${seconds.toFixed(1)} s, ${(sizes.reduce((sum, size) => sum + size, 0) / 1e6).toFixed(0)} MB sent, ${String(before)} → ${String(most)} MB resident`);
    expect(seconds).toBeLessThan(60);
    expect(most - before).toBeLessThan(300);
  });

  it('cost less than 200 MB for 500 readers that never read, while every row changes', async () => {
    const before = megabytes();
    const leave = await Promise.all(Array.from({ length: readers }, connectWithoutReading));
    let shown = 0;
    from([...running, ...running.map((_, index) => to('succeeded', `cgt-${String(index)}`))]).pipe(toFeed(), skip(rows)).subscribe((next) => {
      feed.next(next);
      shown += 1;
    });
    console.log(`${String(readers)} readers that never read, ${String(shown)} changes: ${String(before)} → ${String(megabytes())} MB resident`);
    expect(megabytes() - before).toBeLessThan(200);
    const { counts } = await firstValueFrom(fromServerSentEvents(url).pipe(filter(({ tasks }) => tasks.size > 0)));
    expect(counts.succeeded).toBe(rows);
    for (const each of leave) each();
  });
});

it('80 rows of 900 kB each reach a page', async () => {
  const events = toServerSentEvents(of(feedAfter(...Array.from({ length: 80 }, (_, index) => errored(`t${String(index)}`, new Error('x'.repeat(900_000)))))));
  const fetch = () => Promise.resolve(events.response());
  const { tasks } = await lastValueFrom(fromServerSentEvents('http://server/', { fetch }));
  expect([...tasks].map(({ error }) => error?.message.length)).toEqual(Array(80).fill(900_000));
});
