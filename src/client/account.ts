/**
 * Accounts: an API key at a base URL. The key is kept in a closure: no property, log line or JSON of an account contains it.
 */
import { checkBoolean, checkCount, isRecord } from '../checks.js';
import type { TaskRef } from '../task/snapshot.js';
import type { RateLimitOptions } from '../transport/request-queue.js';
import type { Provider } from '../wire/provider.js';
import { redactorOf } from './redaction.js';

/** Options of `account`. */
export interface AccountOptions {
  /** The key, or a function that returns it for each request. `null` behind a proxy of your own: no header with a key is sent. */
  readonly apiKey: string | (() => string) | null;
  /** An absolute URL. Default: the provider's own. A path that ends as the provider's paths begin is joined once: `…/v1` before `/v1/tasks`. */
  readonly baseUrl?: string | undefined;
  /** Distinguishes two accounts of one provider; `TaskRef.account` refers to it. */
  readonly name?: string | undefined;
  /** Allows plain http to a host that is not this machine. Default: false. */
  readonly allowInsecure?: boolean | undefined;
  /** Limits the requests of the account, over all watches of a client. Default: 16 requests in flight, and no rate limit until a response with 429. */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Whether one list request polls the tasks that are due at about the same time, if the provider documents a list. Default: true. */
  readonly batch?: boolean | undefined;
}

/** The headers of one request, and the redaction of its response. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** Replaces every copy of the key in a string. */
  readonly redact: (text: string) => string;
}

/** An API key at a base URL of a provider. */
export interface Account<Id extends string = string, Body = unknown> {
  readonly provider: Provider<Id, Body>;
  readonly name: string | null;
  readonly baseUrl: string;
  readonly credentials: () => Credentials;
  readonly rateLimit: RateLimitOptions;
  readonly batch: boolean;
}

/** The request body of a provider's creations. */
export type BodyOf<P extends Provider> = P extends Provider<string, infer Body> ? Body : never;

/**
 * Creates an account of a provider.
 *
 * Throws `TypeError` for an empty key, an invalid base URL, or plain http to another machine; `RangeError` unless each limit is an
 * integer ≥ 1. The messages never contain the key.
 * @example account(ark, { apiKey: process.env.ARK_API_KEY ?? '', baseUrl: arkRegions['ap-southeast'] })
 */
export const account = <P extends Provider>(
  provider: P,
  { apiKey, baseUrl, name, allowInsecure = false, rateLimit = {}, batch = true }: AccountOptions,
): Account<P['id'], BodyOf<P>> => {
  if (!isRecord(provider)) throw new TypeError(`account: provider must be an export of rx-seedance/providers/<id>, not ${String(provider)}`);
  const label = `account ${provider.id}`;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new TypeError(`${label}: name must be a non-empty string, not ${String(name)}`);
  }
  if (typeof apiKey === 'string') checkKey(label, apiKey);
  else if (apiKey !== null && typeof apiKey !== 'function') {
    throw new TypeError(`${label}: apiKey must be a string, a function that returns one, or null, not ${typeof apiKey}`);
  }
  if (!isRecord(rateLimit)) throw new TypeError(`${label}: rateLimit must be an object of limits, not ${String(rateLimit)}`);
  for (const field of ['perMinute', 'maxInFlight'] as const) {
    if (rateLimit[field] !== undefined) checkCount(`rateLimit.${field}`, rateLimit[field]);
  }
  checkBoolean(`${label}: batch`, batch);
  /** The last keys that were sent, the latest first. A late response may contain a key that was replaced since. */
  const sent: { readonly key: string; readonly clear: (text: string) => string; readonly credentials: Credentials }[] = [];
  const credentialsOf = (key: string): Credentials => {
    const known = sent.find((each) => each.key === key);
    if (known !== undefined) return known.credentials;
    const own = {
      key,
      clear: redactorOf(key),
      credentials: {
        headers: { ...accept, [provider.auth.header]: `${provider.auth.scheme} ${key}`.trimStart() },
        redact: (text: string): string => {
          let cleared = text;
          for (const { clear } of sent) cleared = clear(cleared);
          // Its own key may have left the list by then.
          return sent.includes(own) ? cleared : own.clear(cleared);
        },
      },
    };
    sent.unshift(own);
    sent.splice(maxKeys);
    return own.credentials;
  };
  const created: Account = {
    provider,
    name: name ?? null,
    baseUrl: withoutRepetition(checkedUrl(label, baseUrl === undefined ? provider.baseUrl : baseUrl, allowInsecure), provider),
    rateLimit: { ...rateLimit },
    batch,
    credentials: () => (apiKey === null ? keyless : credentialsOf(typeof apiKey === 'function' ? keyFrom(label, apiKey) : apiKey)),
  };
  return created as Account<P['id'], BodyOf<P>>; // the types of its provider
};

/** The number of keys to redact. */
const maxKeys = 4;

const accept = { accept: 'application/json' };

const keyless: Credentials = { headers: accept, redact: (text) => text };

/** Replaces an error of the function: its message may contain the key. */
const keyFrom = (label: string, apiKey: () => string): string => {
  let key: unknown;
  try {
    key = apiKey();
  } catch {
    throw new TypeError(`${label}: the function apiKey threw`);
  }
  return checkKey(label, key);
};

const checkKey = (label: string, key: unknown): string => {
  if (typeof key !== 'string' || key === '') {
    throw new TypeError(`${label}: apiKey must be a non-empty string (or null behind a proxy that adds the key)`);
  }
  if (!/^[\x21-\x7e]+$/.test(key) || /["\\]/.test(key)) {
    throw new TypeError(`${label}: apiKey must contain only ASCII characters, without white space, quotes and backslashes`);
  }
  return key;
};

const checkedUrl = (label: string, baseUrl: string, allowInsecure: boolean): string => {
  const parts = httpUrl.exec(baseUrl);
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- browsers before 2023 and Jest's jsdom lack it
  if (parts === null || !(URL.canParse?.(baseUrl) ?? true)) {
    const shown = String(baseUrl).replace(/[?#].*/s, '…').replace(/^.*@/s, '…@');
    throw new TypeError(`${label}: baseUrl must be an absolute http(s) URL without user, query and fragment, not '${shown}'`);
  }
  if (parts[1]?.toLowerCase() === 'http' && !allowInsecure && !isLoopback(baseUrl)) {
    throw new TypeError(`${label}: baseUrl '${baseUrl}' would send the key unencrypted; set allowInsecure: true to permit it`);
  }
  return baseUrl.replace(/\/+$/, '');
};

/** A base URL that is not the provider's own, without the end of its path if the path of a task begins with it. */
const withoutRepetition = (baseUrl: string, { baseUrl: own, path }: Provider): string => {
  const repeated = path.split('/').map((_, index, segments) => segments.slice(0, index + 1).join('/'))
    .findLast((start) => start !== '' && baseUrl.endsWith(start) && httpUrl.test(baseUrl.slice(0, -start.length)));
  return repeated === undefined || baseUrl === own ? baseUrl : baseUrl.slice(0, -repeated.length);
};

const httpUrl = /^(https?):\/\/([\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/[^\s?#]*)?$/i;

/** Whether a base URL is on this machine. */
export const isLoopback = (baseUrl: string): boolean => loopback.test(httpUrl.exec(baseUrl)?.[2] ?? '');

const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/** The ref of a task of an account. */
export const refIn = <Id extends string>({ provider, name }: Pick<Account<Id>, 'provider' | 'name'>, id: string): TaskRef<Id> =>
  (name === null ? provider.task(id) : { ...provider.task(id), account: name });

/** An account's name for people: the provider's id, with the account's own name in parentheses if it has one. */
export const labelOf = ({ provider, name }: Account): string => (name === null ? provider.id : `${provider.id} (${name})`);

/**
 * Returns a function that finds the account of a ref: by name, else the provider's only account or the one without a name.
 *
 * Throws `TypeError` for two accounts with the same provider and name. The returned function throws `TypeError` for a ref without an
 * account.
 */
export const accountFinder = (accounts: readonly Account[]): ((ref: TaskRef) => Account) => {
  if (!Array.isArray(accounts) || accounts.length === 0 || !accounts.every(isAccount)) {
    throw new TypeError('accounts must be a non-empty array of results of account()');
  }
  const known = accounts.map(labelOf);
  const twice = known.find((label, index) => known.indexOf(label) < index);
  if (twice !== undefined) throw new TypeError(`accounts: ${twice} appears twice; give each account a name`);
  return (ref) => {
    if (!isRecord(ref)) throw new TypeError(`task must be a ref { provider, id }, not ${String(ref)}`);
    const { provider, account } = ref;
    const own = accounts.filter((candidate) => candidate.provider.id === provider);
    const nameless = own.length === 1 ? own[0] : own.find(({ name }) => name === null);
    const found = account == null ? nameless : own.find(({ name }) => name === account);
    if (found !== undefined) return found;
    const [field, value] = own.length === 0 ? ['provider', provider] : ['account', account];
    throw new TypeError(`task.${field}: no account for '${String(value)}'; the accounts are: ${known.join(', ')}`);
  };
};

const isAccount = (value: unknown): value is Account =>
  isRecord(value) && 'credentials' in value && typeof value.credentials === 'function';
