import { isRight } from 'fp-ts/Either';
import { anyfast } from 'rx-seedance/providers/anyfast';
import { ark } from 'rx-seedance/providers/ark';
import { kyyaipower } from 'rx-seedance/providers/kyyaipower';
import { powertokens } from 'rx-seedance/providers/powertokens';
import { xingchao } from 'rx-seedance/providers/xingchao';
import { yescale } from 'rx-seedance/providers/yescale';
import { outcomes, simulatedProviders } from 'rx-seedance/simulator';
import type { Outcome, SimulatedProvider } from 'rx-seedance/simulator';
import type { Provider, TaskRef, TaskStatus } from 'rx-seedance';
import { describe, expect, it } from 'vitest';
import { setUp, startAtMs } from './support.js';
import type { TestSimulator } from './support.js';
import { withRaw } from '../support/readings.js';

const providers: Readonly<Record<SimulatedProvider, Provider>> = { ark, powertokens, yescale, kyyaipower, xingchao, anyfast };

const ends: Readonly<Record<Outcome, TaskStatus | 'no snapshot'>> = {
  succeeds: 'succeeded',
  fails: 'failed',
  moderated: 'failed',
  cancelled: 'cancelled',
  expires: 'expired',
  'unknown-status': 'unknown',
  disappears: 'no snapshot',
  stalls: 'running',
};

/** These providers report these outcomes as a failure. */
const failures: Partial<Record<SimulatedProvider, readonly Outcome[]>> = {
  kyyaipower: ['expires'],
  xingchao: ['expires'],
  anyfast: ['expires', 'cancelled'],
};

const read = async (poll: TestSimulator['poll'], task: TaskRef<SimulatedProvider>) => {
  const { status, headers, text } = await poll(task);
  return withRaw(providers[task.provider].read(task, { status, headers: Object.fromEntries(headers), body: text }));
};

describe.each(simulatedProviders)('%s', (provider) => {
  it('listens below the path of its own base URL', async () => {
    const { simulator } = await setUp();
    const { pathname } = new URL(providers[provider].baseUrl);
    expect(new URL(simulator.baseUrl(provider)).pathname).toBe(pathname);
  });

  it.each(outcomes)('is decoded correctly, from the queue to the end, for a task that %s', async (outcome) => {
    const { simulator, advance, poll } = await setUp();
    const task = simulator.submit(provider, { outcome, queueMs: 1000, runMs: 1000 });
    const seen = [];
    for (const ms of [0, 1000, 1000]) {
      advance(ms);
      const reading = await read(poll, task);
      seen.push(isRight(reading) ? reading.right.status : 'no snapshot');
    }
    const end = failures[provider]?.includes(outcome) ? 'failed' : ends[outcome];
    expect(seen).toEqual(['queued', outcome === 'cancelled' ? end : 'running', end]);
  });

  it('returns the last frame of a video that was asked for', async () => {
    const { simulator, poll } = await setUp();
    const readingFor = async (request: object) =>
      read(poll, simulator.submit(provider, { queueMs: 0, runMs: 0, request: { ...request } }));
    const link = expect.stringMatching(/\/last-frame\.png\?X-Tos-/);
    // AnyFast reports it in the response of its upstream alone.
    expect(await readingFor({ return_last_frame: true })).toMatchObject({ right: { video: { lastFrameUrl: link } } });
    expect(await readingFor({ return_last_frame: false })).toMatchObject({ right: { video: { lastFrameUrl: null } } });
  });

  it('returns a video with its expiry time', async () => {
    const { simulator, poll } = await setUp({ linkLifeMs: 60_000 });
    const reading = await read(poll, simulator.submit(provider, { queueMs: 0, runMs: 0 }));
    expect(reading).toMatchObject({ right: { video: { expiresAtMs: startAtMs + 60_000 } } });
  });
});
