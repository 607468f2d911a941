/**
 * The layers of src, and what each may import. `npx depcruise src` checks them, and so does test/architecture.test.ts, which also writes the
 * table into docs/architecture.md.
 */

/**
 * @typedef {object} Layer
 * @property {string} purpose
 * @property {readonly string[]} imports   other layers, or single files of them
 * @property {readonly string[]} packages  `node` is all of Node
 * @property {readonly string[]} [types]   packages of which it imports only types
 * @property {boolean} [isolated]          its files do not import each other
 */

const core = ['checks.ts', 'task', 'poll', 'transport', 'wire', 'state', 'client', 'feed'];

/** A layer is a folder of src, or a file that has a row of its own. Each may import itself. @type {Readonly<Record<string, Layer>>} */
export const layers = {
  'checks.ts': { purpose: 'checks of options', imports: [], packages: [] },
  'version.ts': { purpose: 'the version of the package', imports: [], packages: [] },
  task: { purpose: 'what a task is: plain data', imports: [], packages: [] },
  poll: { purpose: 'when to poll again', imports: ['checks.ts'], packages: ['rxjs'] },
  transport: { purpose: 'the seam to HTTP, and how much goes through it', imports: ['checks.ts'], packages: ['rxjs'] },
  wire: { purpose: "decodes responses: the shared dialects, lenient codecs with io-ts's interface", imports: ['task', 'transport'], packages: ['fp-ts'], types: ['io-ts'] },
  providers: { purpose: 'one file each: address, polling interval, retention, sources', imports: ['task', 'wire'], packages: [], isolated: true },
  state: { purpose: 'the pure watch state: no RxJS, no clock, no HTTP', imports: ['checks.ts', 'task', 'poll', 'transport', 'wire'], packages: ['fp-ts'] },
  client: { purpose: 'accounts, sharing, lists, one watch, the public streams', imports: ['checks.ts', 'task', 'poll', 'transport', 'wire', 'state'], packages: ['rxjs', 'fp-ts'] },
  feed: { purpose: 'many watches as events, and their fold into one feed', imports: ['checks.ts', 'task', 'poll', 'state', 'client'], packages: ['rxjs'] },
  adapters: { purpose: 'one HTTP client each', imports: ['transport'], packages: ['rxjs'] },
  'adapters/undici.ts': { purpose: 'the HTTP client undici', imports: ['version.ts', 'transport', 'node/content-coding.ts'], packages: ['node', 'rxjs', 'undici'] },
  angular: { purpose: 'a transport, the client and the feed for Angular', imports: ['task', 'transport', 'client', 'feed'], packages: ['rxjs', '@angular'] },
  sse: {
    purpose: 'one feed over server-sent events, from a server to browsers',
    imports: ['checks.ts', 'task', 'poll', 'transport', 'state', 'client', 'feed'],
    packages: ['rxjs', 'eventsource-parser'],
  },
  proxy: { purpose: 'polls of a page, with the key added by a server', imports: ['checks.ts', 'transport', 'wire', 'client', 'adapters'], packages: ['rxjs'] },
  callbacks: { purpose: 'which tasks the callbacks of a provider name', imports: ['checks.ts', 'task', 'transport', 'wire', 'client', 'proxy'], packages: ['rxjs'] },
  queue: { purpose: 'watches that several processes share, on a store', imports: ['checks.ts', 'task', 'transport', 'wire', 'state', 'client'], packages: ['rxjs', 'fp-ts'] },
  testing: { purpose: 'responses by script, for unit tests', imports: ['task', 'transport'], packages: ['rxjs'] },
  simulator: { purpose: 'every provider over real HTTP', imports: [...core, 'providers', 'adapters', 'testing', 'node/index.ts'], packages: ['node', 'rxjs', 'undici'] },
  node: { purpose: 'files from links, the journal', imports: [...core, 'version.ts', 'providers', 'adapters', 'testing', 'simulator/index.ts', 'index.ts'], packages: ['node', 'rxjs'] },
  cli: { purpose: 'the command line', imports: [...core, 'version.ts', 'providers', 'adapters', 'node', 'simulator/index.ts'], packages: ['node', 'rxjs', 'fp-ts', 'commander', 'is-unicode-supported', 'leven', 'log-update', 'proxy-from-env', 'string-width', 'supports-hyperlinks', 'wrap-ansi'] },
  'index.ts': { purpose: 'the main entry: names, no logic', imports: core, packages: [] },
};

/** These load no RxJS, so that a job queue can use the watch state without it: at run time they import only each other. */
const withoutRxjs = ['checks.ts', 'task', 'poll/delay-policy.ts', 'poll/backoff.ts', 'transport/retry-after.ts', 'wire', 'state'];

/** Regular expressions for the files of layers and of packages. */
const inSrc = (/** @type {readonly string[]} */ names) => names.map((name) => `^src/${name}${name.endsWith('.ts') ? '$' : '/'}`);
const inPackages = (/** @type {readonly string[]} */ names) => names.map((name) => `(^|/)node_modules/${name === 'node' ? '@types/node' : name}/`);

/** @param {string} name @param {Layer} layer @returns {import('dependency-cruiser').IForbiddenRuleType[]} */
const rulesOf = (name, { imports, packages, types = [], isolated = false }) => {
  const own = isolated ? [] : [name];
  const from = { path: inSrc([name]), pathNot: inSrc(Object.keys(layers).filter((other) => other.startsWith(`${name}/`))) };
  return [
    {
      name,
      comment: `${name} may import only ${[...own, ...imports, ...packages, ...types].join(', ')}.`,
      severity: 'error',
      from,
      to: { pathNot: [...inSrc([...own, ...imports]), ...inPackages([...packages, ...types])], dependencyTypesNot: packages.includes('node') ? ['core'] : [] },
    },
    {
      name: `${name}, types`,
      comment: `${name} may import only types of ${types.join(', ')}.`,
      severity: 'error',
      from,
      to: { path: types.length > 0 ? inPackages(types) : '^$', dependencyTypesNot: ['type-only'] },
    },
  ];
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...Object.entries(layers).flatMap(([name, layer]) => rulesOf(name, layer)),
    { name: 'cycle', comment: 'Files import each other in one direction, types too.', severity: 'error', from: {}, to: { circular: true } },
    { name: 'unresolved', comment: 'The imported file or package does not exist.', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'without RxJS',
      comment: `At run time these import only each other and fp-ts: ${withoutRxjs.join(', ')}.`,
      severity: 'error',
      from: { path: inSrc(withoutRxjs) },
      to: { pathNot: [...inSrc(withoutRxjs), ...inPackages(['fp-ts'])], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no layer', comment: 'Each file belongs to a layer.', severity: 'error', from: { path: '^src/', pathNot: inSrc(Object.keys(layers)) }, to: {} },
    { name: 'unused', comment: 'The file imports nothing, and nothing imports it.', severity: 'error', from: { orphan: true }, to: {} },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Types count like values, unless a rule says otherwise.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'default', 'types'] },
  },
};
