/**
 * Faults: what goes wrong with a response, and when. A random fault is a hash of the seed, the provider, the id and the number of
 * the poll, or the body of a creation and its number, so it does not depend on the order of requests.
 */
import { taskKey } from '../task/snapshot.js';
import type { TaskRef } from '../task/snapshot.js';
import { creationFaults } from './creation-faults.js';
import type { CreationFault, RandomCreationFaults } from './creation-faults.js';
import { badGateway, withRetryAfter } from './response.js';
import type { SimulatedResponse, ErrorKind, FaultResult } from './response.js';
import { fraction, randomString } from './random.js';

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
export type FaultKind = PollFault | CreationFault | 'cut-download';

/** All kinds of fault. */
export const faultKinds: readonly FaultKind[] = [...pollFaults, 'cut-download', ...creationFaults];

/** Random faults for all polls. */
export interface RandomFaults {
  /** The share of polls that get a fault, 0 to 1. */
  readonly rate: number;
  /** Default: all. */
  readonly kinds?: readonly PollFault[];
}

type PollResult = Exclude<FaultResult, { cutAt: number }>;

type Effect = (response: SimulatedResponse, errorResponse: (why: ErrorKind, detail: string) => SimulatedResponse) => PollResult;

const rateLimited: Effect = (_, errorResponse) => errorResponse('rate-limited', 'Too many requests.');

const effects: Readonly<Record<PollFault, Effect>> = {
  'rate-limited': rateLimited,
  'rate-limited-retry-after': (_, errorResponse) => withRetryAfter(errorResponse('rate-limited', 'Too many requests.'), 20),
  'server-error': (_, errorResponse) => errorResponse('server-error', 'The service stopped on an internal error.'),
  'bad-gateway-html': () => badGateway,
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
export const applyFault = (kind: PollFault, response: SimulatedResponse, errorResponse: (why: ErrorKind, detail: string) => SimulatedResponse): PollResult =>
  effects[kind](response, errorResponse);

/** The fault of one creation, and where `cut-after-creation` cuts its response: a share of its bytes. */
export interface DrawnCreationFault {
  readonly kind: CreationFault;
  readonly cutAt: number;
}

/** Decides which requests get a fault. */
export interface Faults {
  /** Injects a fault into the next polls or downloads of a provider or of one task, or into the next creations of a provider. */
  readonly inject: (target: string | TaskRef, kind: FaultKind, times: number) => void;
  /** The fault of one poll. `pollNumber` counts the polls of this task from 1. A list has an empty id. */
  readonly forPoll: (task: TaskRef, pollNumber: number) => PollFault | null;
  /** The fault of one creation. */
  readonly forCreation: (provider: string, body: string) => DrawnCreationFault | null;
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

const isOneOf = <Kind extends FaultKind>(kinds: readonly Kind[]) => (kind: FaultKind): kind is Kind => kinds.some((one) => one === kind);
const isPollFault = isOneOf(pollFaults);
/** Whether a fault is one of creations. They have no task yet: only a provider can be its target. */
export const isCreationFault = isOneOf(creationFaults);
const isDownloadFault = (kind: FaultKind): kind is 'cut-download' => kind === 'cut-download';

/** Creates the random faults of a seed; more faults can be injected. */
export const createFaults = (
  seed: number,
  { rate, kinds = pollFaults }: RandomFaults,
  { rate: creationRate, kinds: creationKinds = creationFaults }: RandomCreationFaults = { rate: 0 },
): Faults => {
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

  const creations = new Map<string, number>();

  /** Counts the creations with the same body, so that a random fault does not depend on the order of different ones. */
  const countCreation = (provider: string, body: string): number => {
    const key = randomString(32, '0123456789abcdef', provider, body);
    const count = (creations.get(key) ?? 0) + 1;
    creations.set(key, count);
    return count;
  };

  return {
    inject: (target, kind, times) => void injected.push({ key: keyOf(target), kind, left: times }),
    forPoll: (task, pollNumber) => take(task, isPollFault) ?? randomFault(task, pollNumber),
    forCreation: (provider, body) => {
      const count = countCreation(provider, body);
      const draw = (of: string): number => fraction(seed, provider, body, count, of);
      const random = draw('creation fault') < creationRate ? creationKinds[Math.floor(draw('creation kind') * creationKinds.length)] : undefined;
      const kind = take({ provider, id: '' }, isCreationFault) ?? random;
      return kind === undefined ? null : { kind, cutAt: draw('cut') };
    },
    forDownload: (task) => take(task, isDownloadFault) !== null,
  };
};
