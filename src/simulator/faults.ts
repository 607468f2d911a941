/**
 * What goes wrong with an answer, and when. The decision is a hash of seed, provider, id and number of the ask, never of the
 * order in which requests happen to arrive. Knows no sockets.
 */
import { taskKey } from '../task/snapshot.js';
import type { TaskRef } from '../task/snapshot.js';
import { withRetryAfter } from './response.js';
import type { SimulatedResponse, ErrorKind } from './response.js';
import { fraction } from './random.js';

/** Everything that can befall a question. */
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
 * The fault of a request: 429, without `Retry-After` or with one of 20 s; 500; a proxy's 502 page; the true answer cut in
 * half; 200 with no body; the connection reset; no answer until the client leaves; 401 for a good key; an unknown task, just
 * after its creation.
 */
export type PollFault = (typeof pollFaults)[number];

/** `cut-download` befalls a file instead: the connection ends after half the bytes. */
export type FaultKind = PollFault | 'cut-download';

/** Faults to sprinkle over all questions. */
export interface RandomFaults {
  /** The share of questions that meet one, 0 to 1. */
  readonly rate: number;
  /** Default: all. */
  readonly kinds?: readonly PollFault[];
}

/** What a disturbed question gets instead of its answer. */
export type FaultResult = SimulatedResponse | 'reset' | 'hang';

const page = '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>';

type Effect = (truth: SimulatedResponse, refuse: (why: ErrorKind, detail: string) => SimulatedResponse) => FaultResult;

const rateLimited: Effect = (_, refuse) => refuse('rate-limited', 'Too many requests.');

const effects: Readonly<Record<PollFault, Effect>> = {
  'rate-limited': rateLimited,
  'rate-limited-retry-after': (_, refuse) => withRetryAfter(refuse('rate-limited', 'Too many requests.'), 20),
  'server-error': (_, refuse) => refuse('server-error', 'The service stopped on an internal error.'),
  'bad-gateway-html': () => ({ status: 502, headers: { 'content-type': 'text/html' }, body: page }),
  'truncated-json': (truth) => ({ ...truth, body: truth.body.slice(0, truth.body.length / 2) }),
  'empty-body': ({ headers }) => ({ status: 200, headers, body: '' }),
  reset: () => 'reset',
  hang: () => 'hang',
  'transient-unauthorized': (_, refuse) => refuse('unauthorized', 'The API key is unknown.'),
  'not-found-after-creation': (_, refuse) => refuse('unknown-task', 'There is no such task.'),
};

/**
 * What a question gets when a fault befalls it.
 *
 * @param truth  the answer that it would have had
 * @param refuse says no in the provider's own words
 */
export const applyFault = (kind: PollFault, truth: SimulatedResponse, refuse: (why: ErrorKind, detail: string) => SimulatedResponse): FaultResult =>
  effects[kind](truth, refuse);

/** Which faults are due. */
export interface Faults {
  /** Lets the next questions or downloads of a provider, or of one task, meet a fault. */
  readonly inject: (target: string | TaskRef, kind: FaultKind, times: number) => void;
  /** The fault for one question. `ask` counts the questions about this task, from 1; a list's has an empty id. */
  readonly forPoll: (task: TaskRef, ask: number) => PollFault | null;
  /** Whether a download is cut. Faults of this kind are injected only, never sprinkled. */
  readonly forDownload: (task: TaskRef) => boolean;
}

/** A task that has been asked about this often is no longer new. */
const newTaskPolls = 2;

interface Injected<Kind extends FaultKind = FaultKind> {
  readonly key: string;
  readonly kind: Kind;
  left: number;
}

const isPollFault = (kind: FaultKind): kind is PollFault => kind !== 'cut-download';
const isDownloadFault = (kind: FaultKind): kind is 'cut-download' => kind === 'cut-download';

/** No faults but the sprinkled ones, until some are injected. */
export const createFaults = (seed: number, { rate, kinds = pollFaults }: RandomFaults): Faults => {
  const injected: Injected[] = [];
  const keyOf = (target: string | TaskRef): string =>
    typeof target === 'string' ? target : taskKey({ provider: target.provider, id: target.id });

  /** A task's own faults come before its provider's; then the oldest first. */
  const take = <Kind extends FaultKind>(task: TaskRef, fits: (kind: FaultKind) => kind is Kind): Kind | null => {
    const due = (key: string) => injected.find((fault): fault is Injected<Kind> => fault.key === key && fits(fault.kind));
    const fault = due(keyOf(task)) ?? due(task.provider);
    if (fault === undefined) return null;
    fault.left -= 1;
    if (fault.left === 0) injected.splice(injected.indexOf(fault), 1);
    return fault.kind;
  };

  const sprinkled = ({ provider, id }: TaskRef, ask: number): PollFault | null => {
    if (fraction(seed, provider, id, ask, 'fault') >= rate) return null;
    const isNew = id !== '' && ask <= newTaskPolls;
    const possible = kinds.filter((kind) => kind !== 'not-found-after-creation' || isNew);
    return possible[Math.floor(fraction(seed, provider, id, ask, 'kind') * possible.length)] ?? null;
  };

  return {
    inject: (target, kind, times) => void injected.push({ key: keyOf(target), kind, left: times }),
    forPoll: (task, ask) => take(task, isPollFault) ?? sprinkled(task, ask),
    forDownload: (task) => take(task, isDownloadFault) !== null,
  };
};
