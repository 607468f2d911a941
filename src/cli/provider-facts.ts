/**
 * Formats a provider's facts, for the command line and for the documentation. Pure.
 */
import { longestUrl } from '../state/list-plan.js';
import { type AssumedFact, noHints, type TierFactor, type TimeRange } from '../wire/facts.js';
import type { Provider } from '../wire/provider.js';
import type { TaskList } from '../wire/task-list.js';
import { keyVariable } from './environment.js';
import { type ExpectedTime, expectedTimesOf, type PollingSchedule, retryWaitsOf, schedulesOf } from './polling-facts.js';

const seconds = ({ minMs, maxMs }: TimeRange): string =>
  minMs === maxMs ? `${minMs / 1000} s` : `${minMs / 1000}–${maxMs / 1000} s`;

/** In minutes where both ends are whole minutes. */
const time = ({ minMs, maxMs }: TimeRange): string =>
  minMs % 60_000 === 0 && maxMs % 60_000 === 0 ? `${minMs / 60_000}–${maxMs / 60_000} min` : seconds({ minMs, maxMs });

/**
 * How often the default policy polls: the recommended interval, with the longest wait before a task can have ended if that is longer, and
 * the intervals of the kinds of task that differ.
 *
 * @example pollingIntervalOf(kyyaipower) // '30–60 s; flex 60–120 s; 480p 10–20 s'
 */
export const pollingIntervalOf = (provider: Provider): string => {
  const intervals = withOwnInterval(schedulesOf(provider)).map(({ kind, pacing, running }) => {
    const longestMs = running?.beforeEnd.maxMs ?? 0;
    const early = longestMs > pacing.recommended.maxMs ? `, up to ${longestMs / 1000} s before the expected end` : '';
    return `${kind === 'default' ? '' : `${kind} `}${seconds(pacing.recommended)}${early}`;
  });
  return intervals.join('; ');
};

/** The default, and the kinds of task whose recommended interval differs from it. */
const withOwnInterval = (schedules: readonly PollingSchedule[]): readonly PollingSchedule[] =>
  schedules.filter(({ pacing }, index, [first]) => index === 0 || first === undefined || seconds(pacing.recommended) !== seconds(first.pacing.recommended));

/**
 * The minimum interval between two polls of a task.
 *
 * @example minIntervalOf(ark) // '10 s'
 */
export const minIntervalOf = (provider: Provider): string => `${provider.pacing(noHints).minIntervalMs / 1000} s`;

/**
 * For how long a provider keeps something.
 *
 * @param ms null where it does not say
 * @example daysOf(86_400_000) // '1 day'
 */
export const daysOf = (ms: number | null): string =>
  ms === null ? 'undocumented' : ms < 86_400_000 ? counted(ms / 3_600_000, 'hour') : counted(ms / 86_400_000, 'day');

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? '' : 's'}`;

/** One fact, or several of a kind, in lines of text. Code is between backticks. */
export interface Fact {
  readonly name: string;
  readonly lines: readonly string[];
}

/**
 * Every fact of a provider that does not depend on the machine, in the order of its page.
 *
 * @example factsOf(ark).find(({ name }) => name === 'video kept') // { name: 'video kept', lines: ['1 day', …] }
 */
export const factsOf = (provider: Provider): readonly Fact[] => {
  const { id, name, documentation, baseUrl, otherBaseUrls, path, dialect, create, cancels, list, refundsFailures, retention, assumed, auth } = provider;
  const originOf = (fact: AssumedFact): readonly string[] => (assumed[fact] === undefined ? [] : [`not from its documentation: ${assumed[fact]}`]);
  const schedules = schedulesOf(provider);
  const retry = retryWaitsOf(provider);
  return [
    { name: 'name', lines: [name] },
    { name: 'documentation', lines: [documentation] },
    { name: 'base URL', lines: [code(baseUrl), ...Object.entries(otherBaseUrls).map(([label, url]) => `${label}: ${code(url)}`)] },
    { name: 'a task', lines: [code(`GET ${path}`)] },
    { name: 'a list of tasks', lines: list === null ? ['undocumented: each task has its own request'] : listLines(list) },
    { name: 'create', lines: [create === null ? 'not by this library' : 'by `createTask`'] },
    { name: 'cancel', lines: [cancels ? `by \`cancelTask\` while queued: ${code(`DELETE ${path}`)}` : 'undocumented'] },
    { name: 'key', lines: [`${code(keyVariable(id))}, sent as ${code(`${headerName(auth.header)}: ${`${auth.scheme} …`.trimStart()}`)}`] },
    { name: 'dialect', lines: [dialect] },
    { name: 'status words', lines: [...statusLines(provider), ...originOf('statuses')] },
    { name: 'recommended interval', lines: [...withOwnInterval(schedules).map(({ kind, pacing }) => prefix(kind) + seconds(pacing.recommended)), ...originOf('pacing')] },
    { name: 'minimum interval', lines: [minIntervalOf(provider), ...originOf('minIntervalMs')] },
    { name: 'default polling', lines: [...schedules.map(scheduleLine), `after a failed poll: ${retry.minMs / 1000} s, doubled with each failure in a row, up to ${retry.maxMs / 1000} s`] },
    { name: 'expected time', lines: [...expectedTimesOf(provider).map(expectedTimeLine), ...originOf('expectedTimeMs')] },
    { name: 'service tiers', lines: tierLines(provider.tierFactors, originOf('tierFactors')) },
    { name: 'failed tasks', lines: [refundsFailures === null ? 'refunds are undocumented' : refundsFailures ? 'refunded' : 'not refunded'] },
    { name: 'task kept', lines: [daysOf(retention.recordMs)] },
    { name: 'cancelled task kept', lines: [daysOf(retention.cancelledRecordMs)] },
    { name: 'video kept', lines: [daysOf(retention.videoMs), 'the expiry in a link\'s signature takes precedence'] },
  ];
};

const code = (text: string): string => `\`${text}\``;

/** As people write it: `X-Api-Key`. */
const headerName = (name: string): string => name.replace(/(?<![a-z\d])[a-z]/g, (letter) => letter.toUpperCase());

const statusLines = ({ statuses }: Provider): readonly string[] =>
  [...new Set(Object.values(statuses))].map((status) => {
    const words = Object.keys(statuses).filter((word) => statuses[word] === status);
    return `${words.map(code).join(', ')} → ${status}`;
  });

const listLines = (list: TaskList): readonly string[] => {
  const [path = ''] = list.pathOf([], null).split('?');
  return [
    code(`GET ${path}`),
    ...(list.maxTasks === undefined ? [] : [`at most ${list.maxTasks} tasks in a response; this library keeps the URL below ${longestUrl} characters`]),
    ...(list.windowMs === undefined ? [] : [`tasks of the last ${daysOf(list.windowMs)}`]),
    ...(isByTier(list) ? ['tasks of one service tier'] : []),
  ];
};

/** Whether a list has the tasks of one service tier. */
export const isByTier = ({ pathOf }: TaskList): boolean => pathOf(['id'], 'flex') !== pathOf(['id'], null);

/** As `flex: `; empty for the default. */
const prefix = (kind: string): string => (kind === 'default' ? '' : `${kind}: `);

const scheduleLine = ({ kind, queued, running }: PollingSchedule): string =>
  running === null
    ? `${prefix(kind)}${seconds(queued)}, as the expected time is unknown`
    : `${prefix(kind)}queued ${seconds(queued)}; running: up to ${running.beforeEnd.maxMs / 1000} s before the expected time, ${seconds(running.aroundEnd)} during it, ` +
      `then up to ${running.afterEnd.maxMs / 1000} s`;

const expectedTimeLine = ({ series, resolutions, durationsMs, byTier }: ExpectedTime): string => {
  const lengths = durationsMs?.map((ms) => ms / 1000) ?? [];
  const tasks = [
    ...(series ?? []).map((name) => (name === 'other' ? 'other models' : `series ${name}`)),
    ...(resolutions ?? []),
    ...(lengths.length === 0 ? [] : [`${[...new Set([lengths[0], lengths.at(-1)])].join('–')} s of video`]),
  ].join(', ');
  const { default: own = null, ...tiers } = byTier;
  const text = (range: TimeRange | null): string => (range === null ? 'undocumented' : time(range));
  const others = own === null ? [] : Object.entries(tiers).map(([tier, range]) => `; ${tier} ${text(range)}`);
  return `${tasks === '' ? '' : `${tasks}: `}${text(own)}${others.join('')}`;
};

const tierLines = (tiers: Readonly<Record<string, TierFactor>>, origin: readonly string[]): readonly string[] => {
  const lines = Object.entries(tiers).map(([tier, { price, time: factor }]) =>
    `${tier}: ${price === 0.5 ? 'half' : `${price} times`} the price, ${factor === null ? 'longer by an undocumented factor' : `${factor.min}–${factor.max} times the time`}`);
  return lines.length === 0 ? ['undocumented'] : [...lines, ...origin];
};
