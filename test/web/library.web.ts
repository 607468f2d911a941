/**
 * The library itself in a page, over the page's server.
 */
import { createRequire } from 'node:module';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskRef } from '../../src/index.js';
import { openPage, requestsWithKey, startBrowser, startWorld } from './world.js';

let browser: Browser;
beforeAll(async () => { browser = await startBrowser('Chromium'); });
afterAll(async () => { await browser.close(); });

describe('the library itself in a page', () => {
  /** Bundles the library and the fetch transport as one script. */
  const bundled = async (): Promise<string> => {
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { account, createTaskClient } from './src/index.ts';
          import { fetchTransport } from './src/adapters/fetch.ts';
          import { anyfast } from './src/providers/anyfast.ts';
          import { atSpeed } from './src/simulator/at-speed.ts';
          globalThis.clientOf = (baseUrl, speed, originMs) =>
            createTaskClient({ transport: fetchTransport(), accounts: [account(anyfast, { apiKey: null, baseUrl })], scheduler: atSpeed(speed, originMs) });`,
        resolveDir: process.cwd(),
      },
      alias: { 'fp-ts/Either': createRequire(import.meta.url).resolve('fp-ts/lib/Either') },
      bundle: true,
      write: false,
      format: 'iife',
      platform: 'browser',
    });
    return outputFiles[0]!.text;
  };

  it('polls through its server, and aborts when it is unsubscribed', async () => {
    const speed = 40;
    const { url, simulator } = await startWorld({ speed });
    const { page, requests } = await openPage(browser, url, { bypassCSP: true });
    await page.evaluate(await bundled());
    const statuses = (task: TaskRef) =>
      page.evaluate(
        ([baseUrl, id, ...clock]) =>
          new Promise<string[]>((resolve, reject) => {
            const seen: string[] = [];
            (globalThis as any).clientOf(baseUrl, ...clock).watch({ provider: 'anyfast', id }).subscribe({
              next: ({ to }: { to: string }) => seen.push(to),
              error: reject,
              complete: () => resolve(seen),
            });
          }),
        [`${url}poll/anyfast`, task.id, speed, performance.timeOrigin] as const,
      );
    expect((await statuses(simulator.submit('anyfast', { queueMs: 0, runMs: 60_000 }))).at(-1)).toBe('succeeded');

    const hanging = simulator.submit('anyfast');
    simulator.fault(hanging, 'hang');
    const aborted = page.waitForEvent('requestfailed', (request) => request.url().includes(hanging.id));
    const sent = page.waitForRequest((request) => request.url().includes(hanging.id));
    await page.evaluate(
      ([baseUrl, id, ...clock]) => { (globalThis as any).watching = (globalThis as any).clientOf(baseUrl, ...clock).watch({ provider: 'anyfast', id }).subscribe(); },
      [`${url}poll/anyfast`, hanging.id, speed, performance.timeOrigin] as const,
    );
    await sent;
    await page.evaluate(() => (globalThis as any).watching.unsubscribe());
    expect((await aborted).failure()?.errorText).toBe('net::ERR_ABORTED');
    // The request to the provider is aborted too.
    await expect.poll(() => simulator.requests.filter(({ id, fault }) => id === hanging.id && fault === 'hang').length).toBe(1);
    expect(requestsWithKey(await requests())).toEqual([]);
  });
});
