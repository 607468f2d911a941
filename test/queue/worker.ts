/**
 * A worker process: sweeps the accounts of the simulator over the store in its environment, and appends each departure to a file, so that a kill loses
 * none. Ends by SIGTERM, or by any other death.
 */
import { appendFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { defer } from 'rxjs';
import { undiciTransport } from '../../src/adapters/undici.js';
import { account } from '../../src/client/account.js';
import { anyfast } from '../../src/providers/anyfast.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';
import { xingchao } from '../../src/providers/xingchao.js';
import { yescale } from '../../src/providers/yescale.js';
import { runSweeps } from '../../src/queue/index.js';
import { postgresStore } from '../../src/queue/postgres-store.js';
import { redisStore } from '../../src/queue/redis-store.js';
import { atSpeed } from '../../src/simulator/index.js';
import type { Transport } from '../../src/transport/transport.js';

interface Settings {
  readonly engine: 'redis' | 'postgres';
  readonly address: string;
  readonly speed: number;
  readonly originMs: number;
  readonly baseUrls: Readonly<Record<string, string>>;
  readonly perMinute: number;
  readonly log: string;
}

const { engine, address, speed, originMs, baseUrls, perMinute, log } = JSON.parse(process.env['WORKER'] ?? '{}') as Settings; // written by the test
const scheduler = atSpeed(speed, originMs);
const providers = [ark, powertokens, yescale, kyyaipower, xingchao, anyfast];
const accounts = providers.map((provider) => account(provider, { apiKey: 'sim-key', baseUrl: baseUrls[provider.id] ?? '', rateLimit: { perMinute } }));

const http = undiciTransport();
const transport: Transport = (request) => defer(() => {
  const { searchParams, pathname } = new URL(request.url);
  const listed = searchParams.getAll('filter.task_ids');
  appendFileSync(log, `${JSON.stringify({ ids: listed.length > 0 ? listed : [pathname.split('/').at(-1)], atMs: scheduler.now() })}\n`);
  return http(request);
});

const store = engine === 'redis'
  ? redisStore(new Redis({ path: address, retryStrategy: () => 100, maxRetriesPerRequest: 0 }).on('error', () => undefined))
  : postgresStore(new Pool({ connectionString: address }).on('error', () => undefined));

const sweeps = runSweeps({ accounts, transport, store, scheduler, idleMs: 2_000 }).subscribe();
process.on('SIGTERM', () => {
  sweeps.unsubscribe();
  setTimeout(() => process.exit(0), 500);
});
