/**
 * Faults: what goes wrong with a response, and when. A random fault is a hash of the seed, the provider, the id and the number of
 * the poll, so it does not depend on the order of requests.
 */
import { taskKey } from '../task/snapshot.js';
import type { TaskRef } from '../task/snapshot.js';
import { withRetryAfter } from './response.js';
import type { SimulatedResponse, ErrorKind } from './response.js';
import { fraction } from './random.js';

/** All kinds of fault of a poll. */
export const pollFaults = [
  'rate-limited',
  'rate-limited-retry-after',
  'server-error',
  'bad-gateway-html',
  'truncated-json',
  'empty-body',
  'reset',
  'hang',
  'transient-unauthorized',
  'not-found-after-creation',
] as const;

/**
 * The fault of a poll: 429, without `Retry-After` or with one of 20 s; 500; a proxy's 502 page; half of the correct body;
 * 200 with an empty body; a connection reset; no response until the client disconnects; 401 for a valid key; an unknown task
 * just after its creation.
 */
export type PollFault = (typeof pollFaults)[number];

/** `cut-download` is a fault of a download: the connection ends after half the bytes. */
export type FaultKind = PollFault | 'cut-download';

/** Random faults for all polls. */
export interface RandomFaults {
  /** The share of polls that get a fault, 0 to 1. */
  readonly rate: number;
  /** Default: all. */
  readonly kinds?: readonly PollFault[];
}

/** The result of a poll with a fault. */
export type FaultResult = SimulatedResponse | 'reset' | 'hang';

const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

type Effect = (response: SimulatedResponse, errorResponse: (why: ErrorKind, detail: string) => SimulatedResponse) => FaultResult;

const rateLimited: Effect = (_, errorResponse) => errorResponse('rate-limited', 'Too many requests.');

const effects: Readonly<Record<PollFault, Effect>> = {
  'rate-limited': rateLimited,
  'rate-limited-retry-after': (_, errorResponse) => withRetryAfter(errorResponse('rate-limited', 'Too many requests.'), 20),
  'server-error': (_, errorResponse) => errorResponse('server-error', 'The service stopped on an internal error.'),
  'bad-gateway-html': () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: page }),
  'truncated-json': (response) => ({ ...response, body: response.body.slice(0, response.body.length / 2) }),
  'empty-body': ({ headers }) => ({ status: 200, headers, body: '' }),
  reset: () => 'reset',
  hang: () => 'hang',
  'transient-unauthorized': (_, errorResponse) => errorResponse('unauthorized', 'The API key is unknown.'),
  'not-found-after-creation': (_, errorResponse) => errorResponse('unknown-task', 'There is no such task.'),
};

/**
 * Applies a fault to a response.
 *
 * @param response      the response without the fault
 * @param errorResponse makes an error response of the provider
 */
export const applyFault = (kind: PollFault, response: SimulatedResponse, errorResponse: (why: ErrorKind, detail: string) => SimulatedResponse): FaultResult =>
  effects[kind](response, errorResponse);

/** Decides which requests get a fault. */
export interface Faults {
  /** Injects a fault into the next polls or downloads of a provider or of one task. */
  readonly inject: (target: string | TaskRef, kind: FaultKind, times: number) => void;
  /** The fault of one poll. `pollNumber` counts the polls of this task from 1. A list has an empty id. */
  readonly forPoll: (task: TaskRef, pollNumber: number) => PollFault | null;
  /** Whether a download is cut. Such faults are injected, never random. */
  readonly forDownload: (task: TaskRef) => boolean;
}

/** A task is new during this many polls. */
const newTaskPolls = 2;

interface Injected<Kind extends FaultKind = FaultKind> {
  readonly key: string;
  readonly kind: Kind;
  left: number;
}

const isPollFault = (kind: FaultKind): kind is PollFault => kind !== 'cut-download';
const isDownloadFault = (kind: FaultKind): kind is 'cut-download' => kind === 'cut-download';

/** Creates the random faults of a seed; more faults can be injected. */
export const createFaults = (seed: number, { rate, kinds = pollFaults }: RandomFaults): Faults => {
  const injected: Injected[] = [];
  const keyOf = (target: string | TaskRef): string =>
    typeof target === 'string' ? target : taskKey({ provider: target.provider, id: target.id });

  /** Faults of the task come before those of its provider, the oldest first. */
  const take = <Kind extends FaultKind>(task: TaskRef, fits: (kind: FaultKind) => kind is Kind): Kind | null => {
    const due = (key: string) => injected.find((fault): fault is Injected<Kind> => fault.key === key && fits(fault.kind));
    const fault = due(keyOf(task)) ?? due(task.provider);
    if (fault === undefined) return null;
    fault.left -= 1;
    if (fault.left === 0) injected.splice(injected.indexOf(fault), 1);
    return fault.kind;
  };

  const randomFault = ({ provider, id }: TaskRef, pollNumber: number): PollFault | null => {
    if (fraction(seed, provider, id, pollNumber, 'fault') >= rate) return null;
    const isNew = id !== '' && pollNumber <= newTaskPolls;
    const possible = kinds.filter((kind) => kind !== 'not-found-after-creation' || isNew);
    return possible[Math.floor(fraction(seed, provider, id, pollNumber, 'kind') * possible.length)] ?? null;
  };

  return {
    inject: (target, kind, times) => void injected.push({ key: keyOf(target), kind, left: times }),
    forPoll: (task, pollNumber) => take(task, isPollFault) ?? randomFault(task, pollNumber),
    forDownload: (task) => take(task, isDownloadFault) !== null,
  };
};
