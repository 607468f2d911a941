/**
 * docs/side-by-side.md, from the results of all runs.
 */
import { digits, grid } from '../bench/report.mjs';
import { quantile } from '../bench/statistics.mjs';
import { mix, times } from './contest.mjs';

/**
 * @typedef {object} Row the runs of one contender with one share of faults
 * @property {string} name
 * @property {number} lines
 * @property {readonly (import('./contest.mjs').Result & { reports: readonly import('./contest.mjs').Report[] })[]} results one for each seed
 */

/** The row that the others are compared with. */
export const own = 'this library';

/** Of fewer ends, a quantile says nothing. */
export const fewest = 5;

/** @type {readonly { head: string, of: (row: Row) => readonly number[], isBetter?: 'less' | 'more' }[]} */
const columns = [
  { head: 'bought', of: ({ results }) => results.map(({ bought }) => bought) },
  { head: 'bought twice', of: ({ results }) => results.map(({ twice }) => twice), isBetter: 'less' },
  { head: 'no task', of: ({ results }) => results.map(({ without }) => without), isBetter: 'less' },
  { head: 'right', of: ({ results }) => results.map(({ right }) => right), isBetter: 'more' },
  { head: 'wrong', of: ({ results }) => results.map(({ wrong }) => wrong), isBetter: 'less' },
  { head: 'end unknown', of: ({ results }) => results.map(({ unseen }) => unseen), isBetter: 'less' },
  { head: 'requests', of: ({ results }) => results.map(({ requests }) => requests), isBetter: 'less' },
  { head: 'notice p50, s', of: (row) => noticeS(row, 0.5), isBetter: 'less' },
  { head: 'p95, s', of: (row) => noticeS(row, 0.95), isBetter: 'less' },
  { head: 'lines', of: ({ lines }) => [lines], isBetter: 'less' },
];

const noticeS = (/** @type {Row} */ { results }, /** @type {number} */ share) => {
  const all = results.flatMap(({ delaysMs }) => delaysMs);
  return all.length < fewest ? [] : [quantile(all, share) / 1000];
};

const shown = (/** @type {readonly number[]} */ values) => (values.length === 0 ? '–' : values.map(digits).join(', '));
const sum = (/** @type {readonly number[]} */ values) => values.reduce((total, value) => total + value, 0);

/** Names the contenders that do better than this library with its defaults, column by column. */
export const better = (/** @type {readonly Row[]} */ rows) => {
  const ours = rows.find(({ name }) => name === own);
  if (ours === undefined) throw new Error(`there is no row of ${own}`);
  const parts = columns.flatMap(({ head, of, isBetter }) => {
    const [a, others] = [of(ours), rows.filter((row) => !row.name.startsWith(own) && of(row).length > 0)];
    if (isBetter === undefined || a.length === 0) return [];
    const names = others.filter((row) => (isBetter === 'less' ? sum(of(row)) < sum(a) : sum(of(row)) > sum(a))).map(({ name }) => name);
    return names.length === 0 ? [] : [`- ${head}: ${names.join(', ')}`];
  });
  return parts.length === 0 ? 'No contender does better than this library in any column.' : `Better than this library with its defaults:\n\n${parts.join('\n')}`;
};

/** What this library said of the prompts of which it reported no end. */
export const withoutEnd = (/** @type {Row} */ { name, results }) => {
  /** @type {Map<string, number>} */
  const words = new Map();
  for (const { status, message = '' } of results.flatMap(({ reports }) => reports)) {
    const word = /^(rejected|unknown): /.exec(message)?.[1] ?? 'error of the watch';
    if (status === null) words.set(word, (words.get(word) ?? 0) + 1);
  }
  const counts = [...words].map(([word, count]) => `${count} ${word}`);
  return counts.length === 0 ? `There is an end from ${name} for each prompt.` : `Prompts without an end from ${name}: ${counts.join(', ')}.`;
};

/** The table of one share of faults. */
export const table = (/** @type {readonly Row[]} */ rows) =>
  grid(['contender', ...columns.map(({ head }) => head)], rows.map((row) => [row.name, ...columns.map(({ of }) => shown(of(row)))]));

/**
 * @param {{ faultRate: number, rows: readonly Row[] }[]} parts
 * @param {{ date: string, nodes: string, cores: number, load: number, speed: number, seeds: readonly number[], missing: readonly string[], adapterLines: number, versions: Readonly<Record<string, string>> }} facts
 */
export const page = (parts, { date, nodes, cores, load, speed, seeds, missing, adapterLines, versions }) => {
  const wanted = sum(Object.values(mix));
  return [
    '# Side by side',
    `Other clients that create and follow Seedance tasks, two loops, and this library on the same ${wanted} wanted videos: what is bought, what is rightly reported, with how many requests, and how soon.`,
    `\`npm run bench:create -- --write\` measures this anew and writes this page. ${date}, ${nodes}, ${cores} cores that other programs used too (load ${digits(load)}). ` +
    `Each contender runs in a process of its own against a [simulator](simulator.md) of Ark in another. All clocks run at ${speed}× real time, and times are in simulated seconds. ` +
    'The clock of a contender is sped up from outside: its code, its intervals, its retries and its time-outs are those of its documentation.',
    `All ${wanted} videos are wanted at the same moment: ${mix.succeeds} tasks succeed, ${mix.fails} fail, ${mix.moderated} are withheld by moderation, ${mix.cancelled} are cancelled after ${times.queueMs / 1000} s, ${mix.expires} expire; ` +
    `the ends are log-normal (one in twenty before ${times.minMs / 1000} s, one in twenty after ${times.maxMs / 1000} s). Two figures are those of seeds ${seeds.join(' and ')}: other outcomes and other faults. ` +
    'Every contender sends the same bodies, so the first creation of a prompt gets the same fault from each. ' +
    'Which poll gets a fault depends on the order in which requests arrive, so the figures of two runs differ: those of right ends by a few, the p95 of the notice up to several times.',
    '![For each client, without faults and with them: bars for right ends, requests and the median time from the end of a task to its report](images/side-by-side.svg)',
    ...parts.flatMap(({ faultRate, rows }) => [
      faultRate === 0 ? '## No faults' : `## Faults of every kind, ${Math.round(100 * faultRate)} % of creations and polls`,
      ...(faultRate === 0 ? [] : ['So many faults are no ordinary day: they show what each contender does with one. One that gives up at the first fault sends few requests.']),
      table(rows),
      ...(faultRate === 0 ? [] : rows.filter(({ name }) => name.startsWith(own)).map(withoutEnd)),
      better(rows),
    ]),
    '## The columns',
    [
      '- **bought**: tasks on the bill, as the simulator keeps it. **Bought twice**: prompts with more than one task. **No task**: prompts without any.',
      '- **right**: prompts of which the contender reported the true end. **Wrong**: prompts of which it reported another end. **End unknown**: tasks on the bill of which it reported no true end.',
      '- **requests**: creations, polls and lists; no downloads.',
      `- **notice**: from the end of a task to the report, in simulated seconds, of the right ends of all seeds; – if there are fewer than ${fewest}. The AI SDK downloads the video before it reports.`,
      `- **lines**: code of the contender, without blank lines and comments. The adapter of TanStack AI has another ${adapterLines}.`,
    ].join('\n'),
    '## The contenders',
    [
      `- **AI SDK 6** and **7**: \`experimental_generateVideo\` of \`ai\` ${versions['ai-6']} and ${versions['ai-7']} with \`@ai-sdk/bytedance\` ${versions['@ai-sdk/bytedance']}. ` +
      'Its version 2, for AI SDK 7, was not on npm; AI SDK 7 accepts version 1. After most failed requests, polls among them, they create the task again, twice at the most. `download` is replaced, because the default refuses loopback.',
      `- **TanStack AI**: \`generateVideo\` of \`@tanstack/ai\` ${versions['@tanstack/ai']} with \`stream: true\`. Its adapter for Ark, \`@tanstack/ai-byteplus\`, was not on npm: the adapter here does what the source of its version 0.3.0 does. ` +
      'A failed poll ends the stream, and a 404 is a failed task.',
      '- **plain loop**: `fetch`, a poll every 10 s; any failed request throws. **Careful loop**: failed polls are ignored for 30 minutes, a request has 30 s. Both create once.',
      '- **this library**: `createTask`, then `watch`, with their defaults. A creation without a certain outcome is `unknown`: it is not sent again, and its task is not watched. ' +
      '**With `isMarked`**: the `safety_identifier` of a body names one task, so its task is found in the list. Both leave it to the caller to repeat a rejected creation, which the AI SDK repeats after 429 and 5xx.',
      ...missing.map((name) => `- **${name}**: left out, Node 22 could not be installed.`),
    ].join('\n'),
    'Each contender is a file of `test/bench-create`, with exact versions in `test/bench-create/peers`.',
  ].join('\n\n');
};
