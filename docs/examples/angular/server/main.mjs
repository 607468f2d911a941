// @ts-check
/**
 * `npm start`: serves the page and its feed on one port of this machine. With keys in the environment it watches real tasks; without keys
 * simulated ones, at 8× real time, from the moment a page is opened.
 *
 *     ARK_API_KEY, ARK_BASE_URL, …   the key of a provider, and its base URL if it differs from the default
 *     RX_SEEDANCE_SPEED, RX_SEEDANCE_ORIGIN_MS   the clock of a simulator at those addresses, as `rx-seedance simulate` prints it
 *     PORT                           default: 4280
 *     DATA                           directory for states, notes and videos, so that a restart loses nothing; default: data
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { account } from 'rx-seedance';
import { atSpeed } from 'rx-seedance/simulator';
import { startApp } from './app.mjs';
import { providers } from './providers.mjs';
import { startSimulation } from './simulation.mjs';

/** @param {string} name */
const variable = (name) => process.env[name]?.trim() || undefined;

const speed = Number(variable('RX_SEEDANCE_SPEED') ?? 1);
const scheduler = speed === 1 ? asyncScheduler : atSpeed(speed, Number(variable('RX_SEEDANCE_ORIGIN_MS')));

const real = providers.flatMap((provider) => {
  const prefix = provider.id.toUpperCase();
  const apiKey = variable(`${prefix}_API_KEY`);
  return apiKey === undefined ? [] : [account(provider, { apiKey, baseUrl: variable(`${prefix}_BASE_URL`) })];
});
const isReal = real.length > 0;

const app = await startApp({
  ...(isReal ? { accounts: real, scheduler, speed, submissions: null } : await startSimulation()),
  directory: variable('DATA') ?? (isReal ? 'data' : mkdtempSync(join(tmpdir(), 'rx-seedance-'))),
  port: Number(variable('PORT') ?? 4280),
});

console.log(`The page: ${app.url}`);
console.log(isReal ? `Accounts: ${real.map(({ provider }) => provider.id).join(', ')}. Create or add tasks on the page.` : 'No key in the environment: the providers are simulated.');

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void app.stop().then(() => process.exit()));
