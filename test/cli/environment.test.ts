import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncScheduler } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccess } from '../../src/cli/access.js';
import { baseUrlVariable, keyVariable, readVariables, valueIn } from '../../src/cli/environment.js';
import { createRedactor } from '../../src/cli/output.js';
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
  it('have the provider in their names', () => {
    expect(keyVariable('anyfast')).toBe('ANYFAST_API_KEY');
    expect(baseUrlVariable('my.pro-vider2')).toBe('MY_PRO_VIDER2_BASE_URL');
  });

  it('come from the environment, else from the file; an empty one counts as unset', () => {
    const variables = readVariables({ ARK_API_KEY: 'from the environment', ANYFAST_API_KEY: '', OTHER: 'x' }, envFile, createRedactor());
    expect(valueIn(variables, 'ARK_API_KEY')).toBe('from the environment');
    expect(valueIn(variables, 'ANYFAST_API_KEY')).toBe('file-key');
    expect(valueIn(variables, 'YESCALE_API_KEY')).toBe('exported');
    expect(valueIn(variables, 'OTHER')).toBe('x');
    expect(valueIn(variables, 'NONE')).toBeNull();
  });

  it('are found in a file with a byte order mark', () => {
    const marked = join(folder, 'marked.env');
    writeFileSync(marked, '\uFEFFARK_API_KEY=first\n');
    expect(valueIn(readVariables({}, marked, createRedactor()), 'ARK_API_KEY')).toBe('first');
    writeFileSync(marked, '\uFEFFARK_API_KEY=first\r\n', 'utf16le');
    expect(valueIn(readVariables({}, marked, createRedactor()), 'ARK_API_KEY')).toBe('first');
  });

  it('come from the environment without a file; a missing file is an error that names it', () => {
    expect(readVariables({ A: 'b' }, null, createRedactor())).toEqual({ A: 'b' });
    const missing = join(folder, 'gone');
    expect(() => readVariables({}, missing, createRedactor())).toThrow(new UsageError(`--env ${missing}: ENOENT: no such file or directory`));
    expect(() => readVariables({}, folder, createRedactor())).toThrow(new UsageError(`--env ${folder}: EISDIR: illegal operation on a directory`));
  });
});

describe('keys', () => {
  it('are hidden in errors about arguments and lines that contain a key', async () => {
    const key = 'sk-a-key-in-the-wrong-place';
    const [list, keys] = [join(folder, 'list'), join(folder, 'keys.env')];
    writeFileSync(list, `${key}\n`);
    writeFileSync(keys, `ARK_API_KEY=${key}\n`);
    const env = { ARK_API_KEY: key };
    for (const { code, err } of [
      await run(['watch', 'ark:cgt-1', key], { env }),
      await run([key], { env }),
      await run(['watch', '--file', list], { env }),
      await run(['watch', '--file', list, '--env', keys]),
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

  it('are those of the providers in use only', () => {
    const { accounts } = open(['ark', 'ark'], { ARK_API_KEY: 'k', ANYFAST_API_KEY: 'unused "and" bad' });
    expect(accounts.map(({ provider, baseUrl }) => [provider.id, baseUrl])).toEqual([['ark', 'https://ark.cn-beijing.volces.com/api/v3']]);
  });

  it('are those of all keys and of the named tasks when tasks may follow', () => {
    expect(open([], { ARK_API_KEY: 'k', YESCALE_API_KEY: 'k' }, {}, true).accounts.map(({ provider }) => provider.id)).toEqual(['ark', 'yescale']);
    expect(() => open(['anyfast'], { ARK_API_KEY: 'k' }, {}, true)).toThrow(new UsageError('no key for anyfast: set ANYFAST_API_KEY, or name a .env file that sets it with --env'));
    expect(() => open([], {}, {}, true)).toThrow(new UsageError('no key is set: put one in a variable such as ANYFAST_API_KEY, or name a .env file with --env'));
  });

  it('have the base URL of the option, else of the variable, else of the provider', () => {
    const variables = { ARK_API_KEY: 'k', ARK_BASE_URL: 'https://of.variable' };
    const at = (url: string, provider: string | null = null) => ({ baseUrls: [{ provider, url }] });
    expect(open(['ark'], variables).accounts[0]?.baseUrl).toBe('https://of.variable');
    expect(open(['ark'], variables, at('https://of.option')).accounts[0]?.baseUrl).toBe('https://of.option');
    expect(open(['ark'], variables, at('https://of.option', 'ark')).accounts[0]?.baseUrl).toBe('https://of.option');
  });

  it.each([
    [['ark'], { baseUrls: [{ provider: 'anyfast', url: 'https://x' }] }, '--base-url anyfast=…: no task of anyfast is watched'],
    [['ark', 'anyfast'], { baseUrls: [{ provider: null, url: 'https://x' }] }, '--base-url must be written provider=URL when there are several providers: anyfast, ark'],
    [['ark'], { baseUrls: [{ provider: null, url: 'ftp://x' }] }, "account ark: baseUrl must be an absolute http(s) URL without user, query and fragment, not 'ftp://x'"],
    [['ark'], { baseUrls: [{ provider: null, url: 'http://me:pw@x' }] }, "account ark: baseUrl must be an absolute http(s) URL without user, query and fragment, not '…@x'"],
  ])('are an error: %j %j', (ids, given, message) => {
    expect(() => open(ids, { ARK_API_KEY: 'k', ANYFAST_API_KEY: 'k' }, given)).toThrow(new UsageError(message));
  });

  describe('of a simulator', () => {
    const local = { ARK_API_KEY: 'k', ARK_BASE_URL: 'http://localhost:1' };

    it('use its clock, even from another process', () => {
      const [startedMs, speed] = [Date.UTC(2026, 0, 1), 100];
      const { scheduler } = open(['ark'], { ...local, RX_SEEDANCE_SPEED: String(speed), RX_SEEDANCE_ORIGIN_MS: `${startedMs}.25` });
      const runsForMs = performance.timeOrigin + performance.now() - startedMs;
      expect((scheduler.now() - startedMs) / runsForMs).toBeCloseTo(speed, 6);
    });

    it('use the clock that simulate prints', () => {
      expect(Math.abs(open(['ark'], { ...local, ...clockVariables(60) }).scheduler.now() - atSpeed(60).now())).toBeLessThan(60_000);
    });

    it('use real time without such variables, which simulate omits at a speed of 1', () => {
      expect(clockVariables(1)).toEqual({});
      expect(open(['ark'], local).scheduler).toBe(asyncScheduler);
    });

    it.each([
      [{ ...clockVariables(2), ARK_BASE_URL: '' }, 'RX_SEEDANCE_SPEED works only with a simulator on this machine, but ark is at https://ark.cn-beijing.volces.com/api/v3: unset it, or name another .env file'],
      [{ ...clockVariables(2), ARK_BASE_URL: 'https://127.0.0.1.evil.example' }, 'RX_SEEDANCE_SPEED works only with a simulator on this machine, but ark is at https://127.0.0.1.evil.example: unset it, or name another .env file'],
      [{ RX_SEEDANCE_SPEED: '60' }, 'RX_SEEDANCE_SPEED needs RX_SEEDANCE_ORIGIN_MS: take both from the output of rx-seedance simulate'],
      [{ RX_SEEDANCE_SPEED: 'fast' }, "RX_SEEDANCE_SPEED must be a number > 0, not 'fast'"],
      [{ RX_SEEDANCE_SPEED: '60', RX_SEEDANCE_ORIGIN_MS: '-1' }, "RX_SEEDANCE_ORIGIN_MS must be a number > 0, not '-1'"],
    ])('are an error: %j', (variables, message) => {
      expect(() => open(['ark'], { ...local, ...variables })).toThrow(new UsageError(message));
    });
  });

  it('never show a key, even an invalid one', () => {
    expect(() => open(['ark'], { ARK_API_KEY: 'sk-bad key' })).toThrow(new UsageError('account ark: apiKey must contain only ASCII characters, without white space, quotes and backslashes'));
  });
});
