/**
 * The runner of the documentation's programs, on programs made up to break it.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programsIn, readFences, type Program } from './fences.js';
import { matches, matchesInAnyOrder } from './output.js';
import { requestedTask } from './providers.js';
import { buildPrograms, type Runner } from './run.js';
import { complaintsAboutCommands } from './shell.js';
import { typeCheck } from './type-check.js';

const fenced = (code: string, language = 'ts', directive = ''): string => `${directive}\n\`\`\`${language}\n${code}\n\`\`\`\n`;
const programsOn = (page: string): readonly Program[] => programsIn(readFences('page.md', page));
const only = (page: string): Program => programsOn(page)[0]!;

describe('reading a page', () => {
  it('finds the programs, where they stand, and leaves other languages alone', () => {
    const page = ['# Title', '```ts', 'one();', '```', 'text', '~~~~mjs', 'two();', '```', '~~~~', '```json', '{}', '```', '  ```js', '  three();', '  ```'].join('\n');
    expect(programsOn(page).map(({ name, language, code, runs }) => [name, language, code, runs])).toEqual([
      ['page.md:3', 'ts', 'one();\n', true],
      ['page.md:7', 'mjs', 'two();\n```\n', true],
      ['page.md:14', 'mjs', 'three();\n', true],
    ]);
  });

  it('obeys the comment before a fence', () => {
    expect(only(fenced('x', 'ts', '<!-- fence: compile -->')).runs).toBe(false);
    expect(only(fenced('x', 'ts', '<!-- fence: run -->')).runs).toBe(true);
    expect(programsOn(fenced('x', 'ts', '<!-- fence: skip because Angular is elsewhere -->'))).toEqual([]);
    expect(only(fenced('x') + fenced('12', 'text', '<!-- fence: output -->'))).toMatchObject({ output: '12', inAnyOrder: false });
    expect(only(fenced('x') + fenced('12', 'text', '<!-- fence: output in any order -->'))).toMatchObject({ output: '12', inAnyOrder: true });
  });

  it('lets a fence go on from the one before it', () => {
    const [first, second] = programsOn(fenced('const a = 1;') + fenced('const b = a;', 'ts', '<!-- fence: continue compile -->'));
    expect(first?.code).toBe('const a = 1;\n');
    expect(second).toMatchObject({ code: 'const a = 1;\nconst b = a;\n', runs: false, lines: ['page.md:3', 'page.md:7'] });
  });

  it.each([
    ['a comment that says nothing', fenced('x', 'ts', '<!-- fence: complie -->'), 'no such comment'],
    ['a skip without a reason', fenced('x', 'ts', '<!-- fence: skip -->'), 'without a reason'],
    ['a comment with no fence behind it', '<!-- fence: compile -->\ntext\n', 'no fence behind it'],
    ['an output in an unknown order', fenced('x') + fenced('12', 'text', '<!-- fence: output in some order -->'), 'no such comment'],
    ['an output with no program', fenced('12', 'text', '<!-- fence: output -->'), 'no program before it'],
    ['going on from nothing', fenced('x', 'ts', '<!-- fence: continue -->'), 'nothing before it'],
    ['running a fence of JSON', fenced('{}', 'json', '<!-- fence: run -->'), 'no such comment'],
  ])('refuses %s', (_, page, message) => {
    expect(() => programsOn(page)).toThrow(message);
  });
});

describe('type-checking', () => {
  const page = [
    fenced("import { isTerminal } from 'rx-seedance';\nconst ended: boolean = isTerminal('failed');"),
    fenced("import { isTerminal } from 'rx-seedance';\n\nisTerminal('finished');"),
    fenced('const ended = 1;\nconst text: string | null = process.env.X ?? null;'),
    fenced('const f = (x) => x;\nno.such = 1;'),
    fenced("import { gone } from 'rx-seedance';", 'mjs'),
  ].join('');
  const complaints = typeCheck(programsOn(page));

  it('finds nothing in a fence that is right, and keeps fences apart', () => {
    expect([...complaints.keys()]).toEqual(['page.md:8', 'page.md:19', 'page.md:24']);
  });

  it('fails a fence with a type error, at its line on the page', () => {
    expect(complaints.get('page.md:8')).toEqual([expect.stringMatching(/^page\.md:10 TS2345: /)]);
    expect(complaints.get('page.md:19')).toEqual([expect.stringMatching(/^page\.md:19 TS7006: /), expect.stringMatching(/^page\.md:20 TS2304: /)]);
    expect(complaints.get('page.md:24')).toEqual([expect.stringMatching(/^page\.md:24 TS2305: /)]);
  });
});

describe('running', () => {
  const [good, hour, other, network, passing, failing, thrown, rejected, unheard, unsettled, endless] = [
    "import { isTerminal } from 'rx-seedance';\nconsole.log(isTerminal('failed'), process.env.ANYFAST_API_KEY);",
    "import { timer } from 'rxjs';\nconst at = Date.now();\ntimer(3_600_000).subscribe(() => console.log(Math.round((Date.now() - at) / 60_000), 'min'));",
    "import { setTimeout } from 'node:timers/promises';\nconst at = new Date();\nawait setTimeout(60_000);\nconsole.log(Math.round((Number(new Date()) - Number(at)) / 1000), 's');",
    "const answer = await fetch('https://no-such-host.invalid/nothing');\nconsole.log(answer.status >= 400, (await answer.text()).length > 0);",
    "import { expect, it } from 'vitest';\nit('adds', () => { expect(1 + 1).toBe(2); });",
    "import { expect, it } from 'vitest';\nit('adds', async () => { await null; expect({ sum: 1 + 1 }).toEqual({ sum: 3 }); });",
    "throw new Error('thrown');",
    "void Promise.reject(new Error('rejected'));",
    "import { throwError } from 'rxjs';\nthrowError(() => new Error('unheard')).subscribe();",
    'await new Promise(() => undefined);',
    "import { createServer } from 'node:http';\ncreateServer().listen(0);",
  ].map((code) => only(fenced(code)));
  const programs = [good, hour, other, network, passing, failing, thrown, rejected, unheard, unsettled, endless] as readonly Program[];
  let runner: Runner;
  beforeAll(async () => {
    runner = await buildPrograms(programs);
  }, 120_000);
  afterAll(() => runner.close());
  const run = (program: Program | undefined, limitMs?: number) => runner.run(program!, limitMs);

  it.concurrent('runs a fence against src, with a key for every provider', async ({ expect }) => {
    expect(await run(good)).toEqual({ code: 0, output: 'true sim-key\n', complaint: '' });
  });
  it.concurrent('skips the time in which nothing happens', async ({ expect }) => {
    expect(await run(hour)).toEqual({ code: 0, output: '60 min\n', complaint: '' });
    expect(await run(other)).toEqual({ code: 0, output: '60 s\n', complaint: '' });
  });
  it.concurrent('answers every host itself', async ({ expect }) => {
    expect(await run(network)).toEqual({ code: 0, output: 'true true\n', complaint: '' });
  });
  it.concurrent('runs the tests in a fence that is a test', async ({ expect }) => {
    expect(await run(passing)).toMatchObject({ code: 0, complaint: '' });
    expect((await run(failing)).complaint).toMatch(/code 1\n[^]*deeply equal/);
  });
  it.concurrent('fails a fence that throws, and says where', async ({ expect }) => {
    expect((await run(thrown)).complaint).toMatch(/code 1\n[^]*Error: thrown/);
  });
  it.concurrent('fails a fence with a rejection or an error that nobody hears', async ({ expect }) => {
    expect((await run(rejected)).complaint).toMatch(/code 1\n[^]*Error: rejected/);
    expect((await run(unheard)).complaint).toMatch(/code 1\n[^]*Error: unheard/);
  });
  it.concurrent('fails a fence whose promise never settles, or whose process never ends', async ({ expect }) => {
    expect((await run(unsettled)).complaint).toContain('never comes');
    expect((await run(endless, 2000)).complaint).toContain('had not ended');
  });
}, 90_000);

describe('the task of a request', () => {
  const addresses = [
    { id: 'ark', baseUrl: 'https://ark.cn/api/v3', path: '/tasks/{id}' },
    { id: 'relay', baseUrl: 'https://relay.ai/v3', path: '/tasks/{id}' },
  ];

  it.each([
    ['relay.ai', '/v3/tasks/a%2Fb?x=1', { address: addresses[1], id: 'a/b', isOwn: true }],
    ['ark.eu', '/api/v3/tasks/a', { address: addresses[0], id: 'a', isOwn: false }],
    ['my.example', '/relay/tasks/a', { address: addresses[1], id: 'a', isOwn: false }],
    ['my.example', '/tasks', null],
  ])('is known by its path, then by its host: %s%s', (host, url, requested) => {
    expect(requestedTask(addresses, { host, url })).toEqual(requested);
  });
});

describe('comparing output', () => {
  it.each([
    ['a 1\nb\n', 'a 1\nb', true],
    ['a 1\nb\n', 'a …\nb', true],
    ['a\nx\ny\nb', 'a\n…\nb', true],
    ['a\nb', 'a\n…', true],
    ['a (1)\nb', 'a (2)\nb', false],
    ['a\nb\nc', 'a\nb', false],
    ['a', 'a\nb', false],
  ])('%j shown as %j: %s', (output, shown, same) => {
    expect(matches(output, shown)).toBe(same);
  });

  it.each([
    ['a 1\nb\n', 'b\na …', true],
    ['a\nb\nc\n', 'c\n…\na', true],
    ['a\nb\nc\n', 'c\na', false],
    ['a\nb\n', 'a\na', false],
    ['a\n', 'a\nb', false],
  ])('%j shown in any order as %j: %s', (output, shown, same) => {
    expect(matchesInAnyOrder(output, shown)).toBe(same);
  });
});

describe('shell fences', () => {
  const complaints = (code: string, language = 'sh', directive = ''): readonly string[] => complaintsAboutCommands(readFences('page.md', fenced(code, language, directive)));

  it.each([
    'npm ci && npm test',
    'npm run build # first',
    'npm install rx-seedance rxjs@^7.8.0 undici',
    'ANYFAST_API_KEY=x node package.json',
    'npx vitest run',
    '.ci/run',
    'git clone x; cd y',
  ])('knows %s', (command) => {
    expect(complaints(command)).toEqual([]);
  });

  it.each([
    ['npm run biuld', 'there is no script biuld'],
    ['npm i && npm instal', 'npm instal is unknown here'],
    ['npm install rxjs left-pad', 'this project has nothing to do with left-pad'],
    ['node no/such.mjs', 'no/such.mjs is not there'],
    ['npx no-such-tool', 'npx does not find no-such-tool'],
    ['./no-such-file', './no-such-file is not there'],
    ['make', 'make is unknown here'],
  ])('finds fault with %s', (command, complaint) => {
    expect(complaints(command)).toEqual([expect.stringMatching(/^page\.md:3 /)]);
    expect(complaints(command)[0]).toContain(complaint);
  });

  it('reads the prompts of a console alone, and skips what it is told to', () => {
    expect(complaints('$ npm test\nmake: it works', 'console')).toEqual([]);
    expect(complaints('make', 'sh', '<!-- fence: skip because it is yours -->')).toEqual([]);
  });
});
