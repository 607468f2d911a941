/**
 * Faults of creations. For a client it matters whether the task exists afterwards, so the name of each kind tells.
 */
import { badGateway, withRetryAfter } from './response.js';
import type { ErrorKind, FaultResult, SimulatedResponse } from './response.js';

/** All kinds of fault of a creation. */
export const creationFaults = [
  'rate-limited-creation',
  'rate-limited-creation-retry-after',
  'moderated-creation',
  'over-quota-creation',
  'server-error-before-creation',
  'server-error-after-creation',
  'bad-gateway-html-before-creation',
  'bad-gateway-html-after-creation',
  'hang-before-creation',
  'hang-after-creation',
  'reset-before-creation',
  'reset-after-creation',
  'cut-after-creation',
] as const;

/**
 * The fault of a creation: 429, without `Retry-After` or with one of 20 s; input rejected by moderation; quota used up; 500; a proxy's
 * 502 page; no response until the client disconnects; a connection reset; a connection that ends within the headers or the body of
 * the response. The task exists after those that end in `-after-creation`. The others create none.
 */
export type CreationFault = (typeof creationFaults)[number];

/** Random faults for all creations. */
export interface RandomCreationFaults {
  /** The share of creations that get a fault, 0 to 1. */
  readonly rate: number;
  /** Default: all. */
  readonly kinds?: readonly CreationFault[];
}

type ErrorResponse = (why: ErrorKind, detail: string) => SimulatedResponse;

type Effect = (create: () => SimulatedResponse, errorResponse: ErrorResponse, cutAt: number) => FaultResult;

const afterCreation = (effect: Effect): Effect => (create, errorResponse, cutAt) => {
  create();
  return effect(create, errorResponse, cutAt);
};

const rateLimited = (errorResponse: ErrorResponse) => errorResponse('rate-limited', 'Too many requests.');
const serverError: Effect = (_, errorResponse) => errorResponse('server-error', 'The service stopped on an internal error.');
const htmlPage: Effect = () => badGateway;
const hang: Effect = () => 'hang';
const reset: Effect = () => 'reset';

const effects: Readonly<Record<CreationFault, Effect>> = {
  'rate-limited-creation': (_, errorResponse) => rateLimited(errorResponse),
  'rate-limited-creation-retry-after': (_, errorResponse) => withRetryAfter(rateLimited(errorResponse), 20),
  'moderated-creation': (_, errorResponse) => errorResponse('moderated', 'The request failed because the input text may contain sensitive information.'),
  'over-quota-creation': (_, errorResponse) => errorResponse('over-quota', 'The quota of the account is used up.'),
  'server-error-before-creation': serverError,
  'server-error-after-creation': afterCreation(serverError),
  'bad-gateway-html-before-creation': htmlPage,
  'bad-gateway-html-after-creation': afterCreation(htmlPage),
  'hang-before-creation': hang,
  'hang-after-creation': afterCreation(hang),
  'reset-before-creation': reset,
  'reset-after-creation': afterCreation(reset),
  'cut-after-creation': (create, _, cutAt) => ({ whole: create(), cutAt }),
};

/**
 * Applies a fault to a creation.
 *
 * @param create        creates the task and makes the response without the fault
 * @param errorResponse makes an error response of the provider
 * @param cutAt         where `cut-after-creation` cuts the response, as a share of its bytes from 0 (included) to 1 (excluded)
 */
export const applyCreationFault = (kind: CreationFault, create: () => SimulatedResponse, errorResponse: ErrorResponse, cutAt: number): FaultResult =>
  effects[kind](create, errorResponse, cutAt);
