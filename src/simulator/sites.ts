/**
 * The six simulated providers: paths, retention, dialect, and how long tasks take.
 * Source of every number: the provider's own documentation, or Ark's where a reseller documents none.
 */
import type { Dialect } from './response.js';
import { ark, powertokens, yescale } from './dialect-ark.js';
import { kyyaipower, xingchao } from './dialect-flat-video.js';
import { anyfast } from './dialect-new-api.js';
import type { TaskDefaults } from './default-scenario.js';
import { randomString } from './random.js';

/** All simulated providers. */
export const simulatedProviders = ['ark', 'powertokens', 'yescale', 'kyyaipower', 'xingchao', 'anyfast'] as const;

/** The id of a simulated provider. */
export type SimulatedProvider = (typeof simulatedProviders)[number];

/** Where a request has its prompt: in Ark's list of parts, or in a string. */
export type PromptField = 'content' | 'prompt';

/** One provider on the server. Paths start with a slash and end without one. */
export interface Site extends TaskDefaults {
  /** Path of the base URL. */
  readonly base: string;
  /** Other base paths with the same tasks. */
  readonly otherBases: readonly string[];
  /** Below the base, followed by `/{id}`. */
  readonly tasksPath: string;
  /** Below the base. */
  readonly createPaths: readonly string[];
  /** Whether a POST to any path below `tasksPath`, such as `/{id}/cancel`, creates a task. */
  readonly createsBelow: boolean;
  /** The prompt may be in any of these. */
  readonly promptFields: readonly PromptField[];
  readonly lists: boolean;
  readonly deletes: boolean;
  /** Whether a creation may name a `callback_url`. */
  readonly callbacks: boolean;
  readonly dialect: Dialect;
  /** The id of the `count`-th task of a seed. */
  readonly taskId: (seed: number, count: number) => string;
  /** How long a record is kept, in ms from creation. */
  readonly recordLifeMs: number;
  readonly cancelledRecordLifeMs: number;
  /** How long a link is valid, in ms from the end of the task. */
  readonly linkLifeMs: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const lowerCase = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';

/** `cgt-`, a time, five characters. The time comes from `count`, so that a seed gives the same ids in every run. */
const arkId = (name: string) => (seed: number, count: number): string => {
  const time = new Date(Date.UTC(2026, 0, 1) + count * 1000).toISOString().replace(/\D/g, '').slice(0, 14);
  return `cgt-${time}-${randomString(5, lowerCase + digits, seed, name, count)}`;
};

const videoId = (name: string) => (seed: number, count: number): string => {
  const hex = randomString(32, `${digits}abcdef`, seed, name, count);
  return `video_${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')}`;
};

const arkTasks = '/contents/generations/tasks';

const arkSite: Site = {
  base: '/api/v3',
  otherBases: ['/api/plan/v3', '/api/coding/v3'],
  tasksPath: arkTasks,
  createPaths: [arkTasks],
  // Reported by clients: there is no route to cancel a task, and such a POST may start a paid one.
  createsBelow: true,
  promptFields: ['content'],
  lists: true,
  deletes: true,
  callbacks: true,
  dialect: ark,
  taskId: arkId('ark'),
  recordLifeMs: 7 * dayMs,
  cancelledRecordLifeMs: dayMs,
  linkLifeMs: dayMs,
  model: () => 'doubao-seedance-2-0-260128',
  timeMs: () => [1.5 * minuteMs, 3 * minuteMs],
};

const powertokensSite: Site = {
  ...arkSite,
  base: '/byteplus/api/v3',
  otherBases: [],
  createsBelow: false,
  deletes: false,
  callbacks: false,
  dialect: powertokens,
  taskId: arkId('powertokens'),
  model: () => 'dreamina-seedance-2-0-260128',
};

const yescaleSite: Site = {
  ...arkSite,
  base: '',
  otherBases: [],
  tasksPath: '/seedance/generations',
  createPaths: ['/seedance/generations'],
  createsBelow: false,
  lists: false,
  deletes: false,
  callbacks: false,
  dialect: yescale,
  taskId: arkId('yescale'),
  model: () => 'doubao-seedance-1-0-pro-250528',
  timeMs: () => [0.5 * minuteMs, 1.5 * minuteMs],
};

const kyyaipowerSite: Site = {
  base: '/kyyAiPower',
  otherBases: [],
  tasksPath: '/v1/result',
  createPaths: ['seedance', 'kyyvideo2', 'seedance-discount', 'seedance-x1', 'seedance-special', 'sd2_manxue'].map((model) => `/v1/${model}/videos`),
  createsBelow: false,
  promptFields: ['content', 'prompt'],
  lists: false,
  deletes: false,
  callbacks: false,
  dialect: kyyaipower,
  taskId: videoId('kyyaipower'),
  recordLifeMs: 7 * dayMs,
  cancelledRecordLifeMs: 7 * dayMs,
  linkLifeMs: 7 * dayMs,
  model: (resolution) => `seedance_1_5_pro_${resolution}`,
  timeMs: (model, resolution, durationMs) => {
    if (model.includes('1_5')) return resolution === '1080p' ? [3 * minuteMs, 8 * minuteMs] : [2 * minuteMs, 5 * minuteMs];
    if (durationMs <= 5000) return [minuteMs, 3 * minuteMs];
    return durationMs <= 10_000 ? [2 * minuteMs, 5 * minuteMs] : [3 * minuteMs, 8 * minuteMs];
  },
};

const xingchaoSite: Site = {
  ...kyyaipowerSite,
  base: '/kyyReactApiServer',
  dialect: xingchao,
  taskId: videoId('xingchao'),
  recordLifeMs: dayMs,
  cancelledRecordLifeMs: dayMs,
  linkLifeMs: dayMs,
  timeMs: (model, resolution, durationMs) =>
    resolution === '480p' ? [0.5 * minuteMs, 2 * minuteMs] : kyyaipowerSite.timeMs(model, resolution, durationMs),
};

const anyfastSite: Site = {
  base: '',
  otherBases: [],
  tasksPath: '/v1/video/generations',
  createPaths: ['/v1/video/generations'],
  createsBelow: false,
  promptFields: ['content'],
  lists: false,
  deletes: false,
  callbacks: false,
  dialect: anyfast,
  taskId: (seed, count) => `asyntask_${randomString(32, lowerCase + lowerCase.toUpperCase() + digits, seed, 'anyfast', count)}`,
  // The retention of records is undocumented.
  recordLifeMs: Number.POSITIVE_INFINITY,
  cancelledRecordLifeMs: Number.POSITIVE_INFINITY,
  linkLifeMs: dayMs,
  model: () => 'doubao-seedance-2-0-260128',
  timeMs: () => [minuteMs, 5 * minuteMs],
};

/** All simulated providers by id. */
export const sites: Readonly<Record<SimulatedProvider, Site>> = {
  ark: arkSite,
  powertokens: powertokensSite,
  yescale: yescaleSite,
  kyyaipower: kyyaipowerSite,
  xingchao: xingchaoSite,
  anyfast: anyfastSite,
};

/** Whether a string is the id of a simulated provider. */
export const isSimulatedProvider = (text: string): text is SimulatedProvider => Object.hasOwn(sites, text);
