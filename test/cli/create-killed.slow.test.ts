/**
 * Kills `create` at random instants, and makes the same purchase again until its outcome is known. `KILLS=100` sets the number of kills.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { type Simulator, startSimulator } from '../../src/simulator/index.js';
import { type Built, buildForNode } from '../support/build.js';
import { variablesFor } from './console.js';

const speed = 20;
const killsPerPurchase = 4;
const purchases = Math.ceil(Number(process.env.KILLS ?? 24) / killsPerPurchase);
/** A program has ended by then, unless it waits for an outcome. */
const longestRunMs = 1_000;

let built: Built;
const directory = mkdtempSync(join(tmpdir(), 'rx-seedance-killed-create-'));
beforeAll(async () => {
  built = await buildForNode({ 'command-line': fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)) });
});
afterAll(() => {
  built.remove();
  rmSync(directory, { recursive: true, force: true });
});

/** Makes a purchase in a process, and kills it after a while. */
const create = async (simulator: Simulator, name: string, killAfterMs?: number): Promise<{ readonly code: number | null; readonly out: string }> => {
  const args = ['create', 'ark', '--prompt', name, '--model', 'm', '--journal', directory, '--purchase', name];
  const child = spawn(process.execPath, [built.file('command-line'), ...args], {
    env: { PATH: process.env.PATH, ...variablesFor(simulator), ...clockVariables(speed) },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  const closed = once(child, 'close') as Promise<[number | null]>;
  if (killAfterMs !== undefined) {
    await Promise.race([closed, after(killAfterMs)]);
    child.kill('SIGKILL');
  }
  const [code] = await closed;
  return { code, out: out.trim() };
};

describe('a purchase', () => {
  it('buys one task at most, and no id is lost, despite faults and kills', { timeout: 600_000 }, async () => {
    const simulator = await startSimulator({ speed, creationFaults: { rate: 0.3 } });
    const codes: (number | null)[] = [];
    try {
      for (let number = 1; number <= purchases; number += 1) {
        const name = `order-${String(number)}`;
        const results = [];
        for (let kill = 0; kill < killsPerPurchase; kill += 1) results.push(await create(simulator, name, Math.random() * longestRunMs));
        results.push(await create(simulator, name));
        const ids = simulator.tasks('ark').filter(({ request }) => JSON.stringify(request).includes(`"${name}"`)).map(({ id }) => `ark:${id}`);
        expect(ids.length).toBeLessThanOrEqual(1);
        const printed = new Set(results.map(({ out }) => out).filter((out) => out !== ''));
        expect([...printed].every((id) => ids.includes(id))).toBe(true);
        const last = results.at(-1);
        codes.push(last?.code ?? null);
        expect([0, 3, 4]).toContain(last?.code);
        if (last?.code === 0) expect([last.out]).toEqual(ids);
        if (last?.code === 3) expect(ids).toEqual([]);
      }
    } finally {
      await simulator.stop();
      console.info(JSON.stringify({ kills: purchases * killsPerPurchase, codes }));
    }
  });
});
