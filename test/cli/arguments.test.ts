import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { Command } from '../../src/cli/arguments.js';
import { parseArguments } from '../../src/cli/parse-arguments.js';
import { UsageError } from '../../src/cli/usage-error.js';
import { ark } from '../../src/providers/ark.js';
import { kyyaipower } from '../../src/providers/kyyaipower.js';
import { powertokens } from '../../src/providers/powertokens.js';

const task = { provider: 'ark', id: 'cgt-1' };
const access = { baseUrls: [], envFile: null, maxBodyBytes: undefined };
const watch = {
  kind: 'watch', tasks: [task], all: [], file: null, fromStdin: false, download: null, lastFrame: false, journal: null, json: false, quiet: false, deadlineMs: null, concurrency: null, ...access,
} as const;

const create = {
  kind: 'create', provider: ark, body: null, file: '', purchase: null, watch: false, yes: false, download: null, lastFrame: false, journal: null, json: false, quiet: false, deadlineMs: null, ...access,
} as const;

const query = { kind: 'query', task, raw: false, full: false, json: false, ...access } as const;

const help = { kind: 'help', about: null, isError: false } as const;

describe('valid arguments', () => {
  it.each<[string, Command]>([
    ['--help', help],
    ['-h', help],
    ['help', help],
    ['help watch', { ...help, about: 'watch' }],
    ['watch --help', { ...help, about: 'watch' }],
    ['query -h nonsense', { ...help, about: 'query' }],
    ['wach --help', help],
    ['list -h', { ...help, about: 'list' }],
    ['--color never', { ...help, isError: true }],
    ['--version', { kind: 'version' }],
    ['-V', { kind: 'version' }],
    ['-v', { kind: 'version' }],
    ['completion zsh', { kind: 'completion', shell: 'zsh' }],
    ['create ark --body b.json', { ...create, file: 'b.json' }],
    ['create ark --body - --yes --json', { ...create, file: '-', yes: true, json: true }],
    ['create ark --prompt boats --model m', { ...create, body: '{"model":"m","content":[{"type":"text","text":"boats"}]}' }],
    ['create ark --prompt boats --model m --resolution 720p --duration 5', { ...create, body: '{"model":"m","content":[{"type":"text","text":"boats"}],"resolution":"720p","duration":5}' }],
    ['create kyyaipower --prompt boats --model m_720p --duration 5', { ...create, provider: kyyaipower, body: '{"model":"m_720p","prompt":"boats","duration":5}' }],
    ['create ark --body b.json --watch --deadline 10m', { ...create, file: 'b.json', watch: true, deadlineMs: 600_000 }],
    ['create ark --body b.json --download videos --last-frame --purchase order-1', { ...create, file: 'b.json', watch: true, download: 'videos', lastFrame: true, journal: 'videos', purchase: 'order-1' }],
    ['create ark --body b.json --journal j', { ...create, file: 'b.json', journal: 'j' }],
    ['watch ark:cgt-1', watch],
    ['watch ark:cgt-1 -', { ...watch, fromStdin: true }],
    ['watch --file -', { ...watch, tasks: [], fromStdin: true }],
    ['watch --file tasks.txt', { ...watch, tasks: [], file: 'tasks.txt' }],
    ['watch ark:cgt-1 --download videos', { ...watch, download: 'videos', journal: 'videos' }],
    ['watch ark:cgt-1 --download videos --journal j', { ...watch, download: 'videos', journal: 'j' }],
    ['watch --journal j', { ...watch, tasks: [], journal: 'j' }],
    ['watch ark:cgt-1 --json --deadline 1h30m --concurrency 3', { ...watch, json: true, deadlineMs: 5_400_000, concurrency: 3 }],
    ['watch ark:cgt-1 --base-url http://localhost:1/a=b', { ...watch, baseUrls: [{ provider: null, url: 'http://localhost:1/a=b' }] }],
    ['watch ark:cgt-1 --base-url ark=http://localhost:1', { ...watch, baseUrls: [{ provider: 'ark', url: 'http://localhost:1' }] }],
    ['watch --all ark --all powertokens', { ...watch, tasks: [], all: [ark, powertokens] }],
    ['query ark:cgt-1 --raw --env .env --max-body 16', { ...query, raw: true, envFile: '.env', maxBodyBytes: 16_777_216 }],
    ['query -- ark:cgt-1', query],
    ['query -j ark:cgt-1 --full', { ...query, json: true, full: true }],
    ['watch ark:cgt-1 -d videos -f tasks.txt -q -e .env', { ...watch, file: 'tasks.txt', download: 'videos', journal: 'videos', quiet: true, envFile: '.env' }],
    ['watch ark:cgt-1 -qdvideos', { ...watch, download: 'videos', journal: 'videos', quiet: true }],
    ['watch ark:cgt-1 --download=-videos', { ...watch, download: '-videos', journal: '-videos' }],
    ['create ark -p boats -m m -wy', { ...create, body: '{"model":"m","content":[{"type":"text","text":"boats"}]}', watch: true, yes: true }],
    ['--color never watch ark:cgt-1', watch],
    ['list ark', { kind: 'list', provider: ark, statuses: null, json: false, ...access }],
    ['list ARK --status queued,running --json --env .env', { kind: 'list', provider: ark, statuses: ['queued', 'running'], json: true, ...access, envFile: '.env' }],
    ['cancel ark:cgt-1 anyfast:a ark:cgt-1 --json', { kind: 'cancel', tasks: [task, { provider: 'anyfast', id: 'a' }], json: true, ...access }],
    ['providers --json', { kind: 'providers', provider: null, json: true, envFile: null }],
    ['providers ark', { kind: 'providers', provider: ark, json: false, envFile: null }],
    ['providers ARK', { kind: 'providers', provider: ark, json: false, envFile: null }],
    ['simulate', { kind: 'simulate', options: { speed: 1 }, tasks: 0, tasksFile: null }],
    [
      'simulate --port 0 --speed 60 --seed 7 --fault-rate 0.1 --tasks 12 --tasks-file t --outcomes succeeds=9,fails=1,stalls',
      { kind: 'simulate', options: { port: 0, speed: 60, seed: 7, faults: { rate: 0.1 }, outcomes: { succeeds: 9, fails: 1, stalls: 1 } }, tasks: 12, tasksFile: 't' },
    ],
  ])('%s', (args, command) => {
    expect(parseArguments(args.split(' ')).command).toEqual(command);
  });
});

const needsAVariable =
  'is not an option: every process on this machine can read arguments. Put the key in a variable such as ANYFAST_API_KEY, or in a file named with --env';

describe('invalid arguments', () => {
  it.each([
    ['wach ark:cgt-1', "unknown command 'wach' (Did you mean watch?)"],
    ['help wach', "command-argument value 'wach' is invalid for argument 'command'. Allowed choices are create, watch, query, list, cancel, providers, simulate, completion."],
    ['create --prompt boats', "missing required argument 'provider'"],
    ['create kie --prompt boats', 'create does not support kie: must be one of anyfast, ark, kyyaipower, powertokens, xingchao, yescale'],
    ['create ark', 'create needs either --prompt TEXT or --body FILE'],
    ['create ark --prompt boats --body b.json', 'create needs either --prompt TEXT or --body FILE'],
    ['create ark --prompt boats', '--prompt needs --model MODEL'],
    ['create ark --prompt boats --model m --duration 5s', "--duration must be an integer ≥ 1, not '5s'"],
    ['create xingchao --prompt boats --model m --resolution 720p', '--resolution does not support xingchao: its models have it in their names, such as seedance_1_5_pro_720p'],
    ['create ark --body b.json --duration 5', '--body FILE is sent as it is: write the duration in the file, not as --duration'],
    ['create ark --body b.json --purchase order-1', '--purchase needs --journal DIR or --download DIR, where the purchase is remembered'],
    ['create ark --body b.json --journal j --purchase=', '--purchase needs a non-empty name'],
    ['create ark --body b.json --deadline 5m', '--deadline needs --watch'],
    ['create ark --body b.json --key sk-1', `--key ${needsAVariable}`],
    ['watch', 'no task to watch: name tasks as provider:id, or use --all PROVIDER, --file FILE, - for stdin, or the --journal DIR of an earlier run'],
    ['watch cgt-1', "'cgt-1' is not a task: write provider:id, such as ark:cgt-20260427-abcde"],
    ['watch ark:cgt-1 --deadline soon', "--deadline must be a duration such as 90s, 30m or 1h30m, not 'soon'"],
    ['watch ark:cgt-1 --concurrency 0', "--concurrency must be an integer ≥ 1, not '0'"],
    ['watch ark:cgt-1 --concurrency 1.5', "--concurrency must be an integer ≥ 1, not '1.5'"],
    ['watch ark:cgt-1 --base-url bark=http://x', "--base-url: unknown provider 'bark': must be one of anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale"],
    ['watch ark:cgt-1 --colour', "unknown option '--colour' (Did you mean --color?)"],
    ['watch ark:cgt-1 --colour=sk-1', "unknown option '--colour' (Did you mean --color?)"],
    ['watch ark:cgt-1 --flavour=sk-1', "unknown option '--flavour'"],
    ['query ark:cgt-1 --download=sk-1', "unknown option '--download'"],
    ['watch ark:cgt-1 -x', "unknown option '-x'"],
    ['watch ark:cgt-1 -xsk-1', "unknown option '-x'"],
    ['watch ark:cgt-1 -qxsk-1', "unknown option '-x'"],
    ['--color blue', "option '--color <when>' argument 'blue' is invalid. Allowed choices are auto, always, never."],
    ['completion fsh', "command-argument value 'fsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish."],
    ['watch ark:cgt-1 --env-file .env', '--env-file is an option of Node, which reads the file as its own before this program starts: use --env FILE'],
    ['watch ark:cgt-1 --last-frame', '--last-frame needs --download DIR'],
    ['query ark:cgt-1 --max-body 0', "--max-body must be an integer from 1 to 1024, not '0'"],
    ['watch ark:cgt-1 --json=yes', '--json takes no value'],
    ['watch ark:cgt-1 --download', "option '-d, --download <dir>' argument missing"],
    ['watch ark:cgt-1 -d -q', '-d needs a value; write a value that begins with - as --download=-…'],
    ['watch ark:cgt-1 --download --', '--download needs a value; write a value that begins with - as --download=-…'],
    ['watch ark:cgt-1 --download --json', '--download needs a value; write a value that begins with - as --download=-…'],
    ['watch ark:cgt-1 --download=', '--download needs a non-empty path'],
    ['query', "missing required argument 'task'"],
    ['query ark:a ark:b', "too many arguments for 'query'. Expected 1 argument but got 2."],
    ['watch --all anyfast', '--all does not support anyfast: must be one of ark, powertokens'],
    ['list', "missing required argument 'provider'"],
    ['list ark anyfast', "too many arguments for 'list'. Expected 1 argument but got 2."],
    ['list kie', 'list does not support kie: must be one of ark, powertokens'],
    ['list arc', "unknown provider 'arc' (did you mean ark?): must be one of anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale"],
    ['list ark --status queued,runing', "--status must be some of queued, running, succeeded, failed, cancelled, expired, unknown, such as queued,running, not 'queued,runing'"],
    ['cancel', "missing required argument 'task'"],
    ['cancel cgt-1', "'cgt-1' is not a task: write provider:id, such as ark:cgt-20260427-abcde"],
    ['providers yescal', "unknown provider 'yescal' (did you mean yescale?): must be one of anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale"],
    ['providers runway', "unknown provider 'runway': must be one of anyfast, ark, atlascloud, kie, kyyaipower, meshapi, openrouter, powertokens, replicate, wavespeed, xingchao, yescale"],
    ['providers ark anyfast', "too many arguments for 'providers'. Expected 1 argument but got 2."],
    ['simulate --port 70000', "--port must be an integer from 0 to 65535, not '70000'"],
    ['simulate --speed 0.5', "--speed must be a number ≥ 1, not '0.5'"],
    ['simulate --speed fast', "--speed must be a number ≥ 1, not 'fast'"],
    ['simulate --fault-rate 2', "--fault-rate must be a number from 0 to 1, not '2'"],
    ['simulate --tasks-file t', '--tasks-file needs --tasks N, the number of tasks to write'],
    ['simulate --outcomes wins=1', "--outcomes must be some of succeeds, fails, moderated, cancelled, expires, unknown-status, disappears, stalls, each with its weight, such as succeeds=9,fails=1, not 'wins=1'"],
    ['watch ark:cgt-1 --api-key sk-1', `--api-key ${needsAVariable}`],
    ['watch --apikey=sk-1', `--apikey ${needsAVariable}`],
    ['query ark:cgt-1 --ANYFAST_API_KEY=sk-1', `--ANYFAST_API_KEY ${needsAVariable}`],
    ['--token sk-1', `--token ${needsAVariable}`],
  ])('%s', (args, message) => {
    expect(() => parseArguments(args.split(' '))).toThrow(new UsageError(message));
  });

  it('never repeat a value, of an unknown option', () => {
    fc.assert(fc.property(fc.string(), (value) => {
      expect(() => parseArguments(['watch', 'ark:cgt-1', `--flavour=${value}`])).toThrow(new UsageError("unknown option '--flavour'"));
    }));
  });
});

it.each([['--color always', 'always'], ['--color=never', 'never'], ['--no-color', 'never'], ['--color never --color auto', 'auto'], ['', 'auto']])('colours of %s are %s, before and after the command', (args, color) => {
  const words = args.split(' ').filter((word) => word !== '');
  expect(parseArguments(['watch', 'ark:cgt-1', ...words]).color).toBe(color);
  expect(parseArguments([...words, 'watch', 'ark:cgt-1']).color).toBe(color);
});

it('writes nothing, and does not end the process', () => {
  const writes = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write'), vi.spyOn(process, 'exit')];
  try {
    for (const args of [['--help'], ['--version'], ['watch', '--help'], []]) parseArguments(args);
    expect(() => parseArguments(['wach'])).toThrow(UsageError);
    for (const write of writes) expect(write).not.toHaveBeenCalled();
  } finally {
    for (const write of writes) write.mockRestore();
  }
});
