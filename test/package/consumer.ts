/**
 * A user's program; types.package.ts compiles it against the packed types with several module resolutions. It covers the difficult parts of the
 * declarations: narrowing by status, options, error classes, io-ts codecs, and every entry point.
 */
import type { Observable } from 'rxjs';
import {
  account,
  createTaskClient,
  isSeedanceError,
  ofStatus,
  parseWatchState,
  type SeedanceError,
  type TaskRef,
  type TaskSnapshot,
  type TaskTransition,
  toFeed,
  watchTasks,
  type WatchState,
} from 'rx-seedance';
import { callbackHandler, refFromCallback } from 'rx-seedance/callbacks';
import { fetchTransport } from 'rx-seedance/fetch';
import { download, isDownloadError, openJournal, type SaveEvent, saveVideos } from 'rx-seedance/node';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { providerProxy, toNodeListener } from 'rx-seedance/proxy';
import { postgresSchema, postgresStore } from 'rx-seedance/queue/postgres';
import { redisStore, type RedisClient } from 'rx-seedance/queue/redis';
import { type Simulator, startSimulator } from 'rx-seedance/simulator';
import { toServerSentEvents } from 'rx-seedance/sse';
import { scriptedTransport } from 'rx-seedance/testing';
import { undiciTransport } from 'rx-seedance/undici';
import { ark as arkDialect, defineProvider, type Provider } from 'rx-seedance/provider-kit';

export const client = createTaskClient({
  transport: undiciTransport(),
  accounts: [account(anyfast, { apiKey: () => 'key' }), account(ark, { apiKey: null, baseUrl: 'https://example.com' })],
});

export const inBrowser = createTaskClient({ transport: fetchTransport(), accounts: [account(ark, { apiKey: null })] });

export const transitions: Observable<TaskTransition> = client.watch({ provider: 'anyfast', id: 'a' });

export const links: Observable<{ readonly to: 'succeeded' }> = transitions.pipe(ofStatus('succeeded'));

export const feeds = (tasks: Observable<TaskRef<'ark' | 'anyfast'>>) => tasks.pipe(watchTasks(client), toFeed());

export const linkOf = (snapshot: TaskSnapshot): string | null =>
  snapshot.status === 'succeeded' ? (snapshot.video?.url ?? null) : snapshot.status === 'failed' ? snapshot.failure.message : null;

export const stateOf = (error: unknown): WatchState | null => {
  if (!isSeedanceError(error)) return null;
  const known: SeedanceError = error;
  return known.state;
};

export const restored = parseWatchState('{}');

export const relay: Provider = defineProvider({ ...ark, id: 'relay', dialect: arkDialect });

export const simulated = async (): Promise<string> => {
  const simulator: Simulator = await startSimulator({ speed: 60 });
  await simulator.stop();
  return simulator.url;
};

export const scripted = scriptedTransport;

export const saved = (tasks: Observable<TaskRef<'ark' | 'anyfast'>>): Observable<SaveEvent> =>
  tasks.pipe(watchTasks(client, { watch: openJournal('videos').watch }), saveVideos({ directory: 'videos', client }));

export const isFull = (error: unknown): boolean => isDownloadError(error, 'disk') && error.path !== '';

export const bytes = (snapshot: TaskSnapshot): Observable<{ readonly receivedBytes: number }> => download(snapshot, { directory: 'videos', client });

export const served = (feed: ReturnType<typeof feeds>): Response => toServerSentEvents(feed).response(new Request('https://example.com'));

export const proxied = toNodeListener(providerProxy(account(ark, { apiKey: 'key' }), { path: '/api/ark', transport: fetchTransport() }));

export const named: TaskRef<'ark'> | null = refFromCallback(ark, '{}');

export const received = toNodeListener(callbackHandler(account(ark, { apiKey: null }), { secret: 'x'.repeat(32) }).handle);

export const stores = (redis: RedisClient, pool: Parameters<typeof postgresStore>[0]) => [redisStore(redis, { prefix: 'videos' }), postgresStore(pool)] as const;

export const migration: string = postgresSchema({ schema: 'videos' });
