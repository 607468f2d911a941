import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccess } from '../../src/cli/access.js';
import { baseUrlVariable, keyVariable, readVariables, valueIn } from '../../src/cli/environment.js';
import { createDiscretion } from '../../src/cli/output.js';
import { clockVariables } from '../../src/cli/simulator-clock.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { atSpeed } from '../../src/simulator/index.js';
import { run } from './console.js';

let folder = '';
let envFile = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rx-seedance-env-'));
  envFile = join(folder, '.env');
  writeFileSync(envFile, '# keys\nARK_API_KEY="from the file"\nANYFAST_API_KEY=file-key # mine\nexport YESCALE_API_KEY=exported\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('variables', () => {
  it('are named for the provider', () => {
    expect(keyVariable('anyfast')).toBe('ANYFAST_API_KEY');
    expect(baseUrlVariable('my.pro-vider2')).toBe('MY_PRO_VIDER2_BASE_URL');
  });

  it('come from the environment first, then from the file; an empty one is not set', () => {
    const variables = readVariables({ ARK_API_KEY: 'from the world', ANYFAST_API_KEY: '', OTHER: 'x' }, envFile, createDiscretion());
    expect(valueIn(variables, 'ARK_API_KEY')).toBe('from the world');
    expect(valueIn(variables, 'ANYFAST_API_KEY')).toBe('file-key');
    expect(valueIn(variables, 'YESCALE_API_KEY')).toBe('exported');
    expect(valueIn(variables, 'OTHER')).toBe('x');
    expect(valueIn(variables, 'NONE')).toBeNull();
  });

  it('are found in a file that an editor has marked as UTF-8', () => {
    const marked = join(folder, 'marked.env');
    writeFileSync(marked, '\uFEFFARK_API_KEY=first\n');
    expect(valueIn(readVariables({}, marked, createDiscretion()), 'ARK_API_KEY')).toBe('first');
  });

  it('are no trouble without a file, and a file that is not there is named', () => {
    expect(readVariables({ A: 'b' }, null, createDiscretion())).toEqual({ A: 'b' });
    const missing = join(folder, 'gone');
    expect(() => readVariables({}, missing, createDiscretion())).toThrow(new UsageError(`--env-file ${missing}: ENOENT: no such file or directory`));
    expect(() => readVariables({}, folder, createDiscretion())).toThrow(new UsageError(`--env-file ${folder}: EISDIR: illegal operation on a directory`));
  });
});

describe('keys', () => {
  it('are hidden before anything is said: of an argument, and of a list, that is a key itself', async () => {
    const key = 'sk-a-key-in-the-wrong-place';
    const [list, keys] = [join(folder, 'list'), join(folder, 'keys.env')];
    writeFileSync(list, `${key}\n`);
    writeFileSync(keys, `ARK_API_KEY=${key}\n`);
    const env = { ARK_API_KEY: key };
    for (const { code, err } of [
      await run(['watch', 'ark:cgt-1', key], { env }),
      await run([key], { env }),
      await run(['watch', '--file', list], { env }),
      await run(['watch', '--file', list, '--env-file', keys]),
    ]) {
      expect(code).toBe(2);
      expect(err).toContain('[key]');
      expect(err).not.toContain(key);
    }
  });
});

describe('accounts', () => {
  const none = { baseUrls: [] };
  const open = (ids: readonly string[], variables: Readonly<Record<string, string>>, given: Partial<Parameters<typeof openAccess>[1]> = {}, allKeyed = false) =>
    openAccess({ ids, allKeyed }, { ...none, ...given }, variables);

  it('are those of the providers in use alone', () => {
    const { accounts } = open(['ark', 'ark'], { ARK_API_KEY: 'k', ANYFAST_API_KEY: 'unused "and" bad' });
    expect(accounts.map(({ provider, baseUrl }) => [provider.id, baseUrl])).toEqual([['ark', 'https://ark.cn-beijing.volces.com/api/v3']]);
  });

  it('are those of all keys when tasks are to come, and of the tasks that are named', () => {
    expect(open([], { ARK_API_KEY: 'k', YESCALE_API_KEY: 'k' }, {}, true).accounts.map(({ provider }) => provider.id)).toEqual(['ark', 'yescale']);
    expect(() => open(['anyfast'], { ARK_API_KEY: 'k' }, {}, true)).toThrow(new UsageError('no key for anyfast: set ANYFAST_API_KEY, or name a .env file that has it by --env-file'));
    expect(() => open([], {}, {}, true)).toThrow(new UsageError('no key is set: put one in a variable such as ANYFAST_API_KEY, or name a .env file by --env-file'));
  });

  it('are at the address of the option, else of the variable, else the provider\'s own', () => {
    const variables = { ARK_API_KEY: 'k', ARK_BASE_URL: 'https://of.variable' };
    const at = (url: string, provider: string | null = null) => ({ baseUrls: [{ provider, url }] });
    expect(open(['ark'], variables).accounts[0]?.baseUrl).toBe('https://of.variable');
    expect(open(['ark'], variables, at('https://of.option')).accounts[0]?.baseUrl).toBe('https://of.option');
    expect(open(['ark'], variables, at('https://of.option', 'ark')).accounts[0]?.baseUrl).toBe('https://of.option');
  });

  it.each([
    [['ark'], { baseUrls: [{ provider: 'anyfast', url: 'https://x' }] }, '--base-url anyfast=…: no task of anyfast is asked about'],
    [['ark', 'anyfast'], { baseUrls: [{ provider: null, url: 'https://x' }] }, '--base-url must be written provider=URL when there are several providers: anyfast, ark'],
    [['ark'], { baseUrls: [{ provider: null, url: 'ftp://x' }] }, "account ark: baseUrl must be an absolute http(s) URL without user, query and fragment, not 'ftp://x'"],
    [['ark'], { baseUrls: [{ provider: null, url: 'http://me:pw@x' }] }, "account ark: baseUrl must be an absolute http(s) URL without user, query and fragment, not '…@x'"],
  ])('are refused: %j %j', (ids, given, message) => {
    expect(() => open(ids, { ARK_API_KEY: 'k', ANYFAST_API_KEY: 'k' }, given)).toThrow(new UsageError(message));
  });

  describe('of a simulator', () => {
    const local = { ARK_API_KEY: 'k', ARK_BASE_URL: 'http://localhost:1' };

    it('live in its time, whichever process it is', () => {
      const [startedMs, speed] = [Date.UTC(2026, 0, 1), 100];
      const { scheduler } = open(['ark'], { ...local, RX_SEEDANCE_SPEED: String(speed), RX_SEEDANCE_ORIGIN_MS: `${startedMs}.25` });
      const runsForMs = performance.timeOrigin + performance.now() - startedMs;
      expect((scheduler.now() - startedMs) / runsForMs).toBeCloseTo(speed, 6);
    });

    it('live in the time that simulate tells of', () => {
      expect(Math.abs(open(['ark'], { ...local, ...clockVariables(60) }).scheduler.now() - atSpeed(60).now())).toBeLessThan(60_000);
    });

    it('live in real time where no clock is told, as simulate tells none at that speed', () => {
      expect(clockVariables(1)).toEqual({});
      expect(open(['ark'], local).scheduler).toBe(asyncScheduler);
    });

    it.each([
      [{ ...clockVariables(2), ARK_BASE_URL: '' }, 'RX_SEEDANCE_SPEED is for a simulator on this machine, and ark is at https://ark.cn-beijing.volces.com/api/v3: unset it, or name another .env file'],
      [{ ...clockVariables(2), ARK_BASE_URL: 'https://127.0.0.1.evil.example' }, 'RX_SEEDANCE_SPEED is for a simulator on this machine, and ark is at https://127.0.0.1.evil.example: unset it, or name another .env file'],
      [{ RX_SEEDANCE_SPEED: '60' }, 'RX_SEEDANCE_SPEED needs RX_SEEDANCE_ORIGIN_MS beside it: take both from the output of rx-seedance simulate'],
      [{ RX_SEEDANCE_SPEED: 'fast' }, "RX_SEEDANCE_SPEED must be a number > 0, not 'fast'"],
      [{ RX_SEEDANCE_SPEED: '60', RX_SEEDANCE_ORIGIN_MS: '-1' }, "RX_SEEDANCE_ORIGIN_MS must be a number > 0, not '-1'"],
    ])('are refused: %j', (variables, message) => {
      expect(() => open(['ark'], { ...local, ...variables })).toThrow(new UsageError(message));
    });
  });

  it('never show a key, also not a bad one', () => {
    expect(() => open(['ark'], { ARK_API_KEY: 'sk-bad key' })).toThrow(new UsageError('account ark: apiKey must hold ASCII characters only, and no white space, quote or backslash'));
  });
});
