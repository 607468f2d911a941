import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { lastValueFrom } from 'rxjs';
import { expect, it, onTestFinished } from 'vitest';
import { fetchTransport } from '../../src/adapters/fetch.js';
import { account, createTaskClient } from '../../src/index.js';
import { ark } from '../../src/providers/ark.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import { buildForNode } from '../support/build.js';

const megabyte = 1_000_000;

const linkFrom = async (simulator: Simulator): Promise<string> => {
  const task = simulator.submit('ark', { queueMs: 0, runMs: 0 });
  const client = createTaskClient({ transport: fetchTransport(), accounts: [account(ark, { apiKey: simulator.apiKey('ark'), baseUrl: simulator.baseUrl('ark') })] });
  const snapshot = await lastValueFrom(client.query(task));
  return snapshot.status === 'succeeded' ? (snapshot.video?.url ?? '') : '';
};

/** Later versions of Node collect young objects later. */
const bound = Number(process.versions.node.split('.')[0]) < 24 ? 60 * megabyte : 100 * megabyte;

it(`a file of 200 MB needs less than ${String(bound / megabyte)} MB of memory`, async () => {
  const built = await buildForNode({ 'large-download': fileURLToPath(new URL('large-download.ts', import.meta.url)) });
  const directory = mkdtempSync(join(tmpdir(), 'rx-seedance-large-'));
  const [large, small] = await Promise.all([startSimulator({ fileBytes: 200 * megabyte }), startSimulator()]);
  onTestFinished(async () => {
    built.remove();
    rmSync(directory, { recursive: true, force: true });
    await Promise.all([large.stop(), small.stop()]);
  });

  const child = spawn(process.execPath, [built.file('large-download'), await linkFrom(large), directory, await linkFrom(small)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect(code).toBe(0);
  const { receivedBytes, extraBytes } = JSON.parse(output) as { readonly receivedBytes: number; readonly extraBytes: number };
  console.log(`200 MB took ${(extraBytes / megabyte).toFixed(1)} MB of memory`);
  expect(receivedBytes).toBe(200 * megabyte);
  expect(readFileSync(join(directory, 'large.mp4'))).toHaveLength(200 * megabyte);
  expect(extraBytes).toBeLessThan(bound);
});
