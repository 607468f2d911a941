/**
 * One key at one address. The key lives in a closure: no property, no log line and no JSON of an account shows it.
 */
import { checkCount, isRecord } from '../checks.js';
import type { TaskRef } from '../task/snapshot.js';
import type { RateLimitOptions } from '../transport/request-queue.js';
import type { Provider } from '../wire/provider.js';
import { redactorOf } from './redaction.js';

/** What an account is made of. */
export interface AccountOptions {
  /** The key, or a function that gives it for each ask. `null` behind a proxy of your own: no `Authorization` is sent. */
  readonly apiKey: string | (() => string) | null;
  /** Absolute URL. Default: the provider's own. */
  readonly baseUrl?: string | undefined;
  /** Tells two accounts of one provider apart: `TaskRef.account`. */
  readonly name?: string | undefined;
  /** Allows plain http to a host that is not this machine. Default: false. */
  readonly allowInsecure?: boolean | undefined;
  /** What the account may send, over all watches of a client. Default: 16 requests in flight, and no rate until the server refuses (429). */
  readonly rateLimit?: RateLimitOptions | undefined;
  /** Whether tasks that fall due close together are asked about in one request, where the provider documents a list. Default: true. */
  readonly batch?: boolean | undefined;
}

/** What one ask is sent with, and how the key is kept out of its answer. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  /** Replaces every echo of the key in a text. */
  readonly redact: (text: string) => string;
}

/** One key at one address of one provider. */
export interface Account<Id extends string = string> {
  readonly provider: Provider<Id>;
  readonly name: string | null;
  readonly baseUrl: string;
  readonly credentials: () => Credentials;
  readonly rateLimit: RateLimitOptions;
  readonly batch: boolean;
}

/**
 * An account of a provider.
 *
 * Errors: `TypeError` for an empty key, a base URL that is none, or plain http to another machine; `RangeError` for a limit that is
 * no whole number from 1. They never show the key.
 * @example account(ark, { apiKey: process.env.ARK_API_KEY ?? '', baseUrl: arkRegions['ap-southeast'] })
 */
export const account = <Id extends string>(
  provider: Provider<Id>,
  { apiKey, baseUrl, name, allowInsecure = false, rateLimit = {}, batch = true }: AccountOptions,
): Account<Id> => {
  if (!isRecord(provider)) throw new TypeError(`account: provider must be what rx-seedance/providers/<id> exports, not ${String(provider)}`);
  const label = `account ${provider.id}`;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new TypeError(`${label}: name must be a text that is not empty, not ${String(name)}`);
  }
  if (typeof apiKey === 'string') checkKey(label, apiKey);
  else if (apiKey !== null && typeof apiKey !== 'function') {
    throw new TypeError(`${label}: apiKey must be a text, a function that gives one, or null, not ${typeof apiKey}`);
  }
  if (!isRecord(rateLimit)) throw new TypeError(`${label}: rateLimit must be a record of limits, not ${String(rateLimit)}`);
  for (const field of ['perMinute', 'maxInFlight'] as const) {
    if (rateLimit[field] !== undefined) checkCount(`rateLimit.${field}`, rateLimit[field]);
  }
  if (typeof batch !== 'boolean') throw new TypeError(`${label}: batch must be true or false, not ${String(batch)}`);
  /** The last keys that were sent, the latest first: a late response may echo one that has been changed since. */
  const sent: { readonly key: string; readonly clear: (text: string) => string; readonly credentials: Credentials }[] = [];
  const credentialsOf = (key: string): Credentials => {
    const known = sent.find((each) => each.key === key);
    if (known !== undefined) return known.credentials;
    const own = {
      key,
      clear: redactorOf(key),
      credentials: {
        headers: { ...accept, authorization: `Bearer ${key}` },
        redact: (text: string): string => {
          let cleared = text;
          for (const { clear } of sent) cleared = clear(cleared);
          // By then its own key may be one of those that are forgotten.
          return sent.includes(own) ? cleared : own.clear(cleared);
        },
      },
    };
    sent.unshift(own);
    sent.splice(mostRemembered);
    return own.credentials;
  };
  return {
    provider,
    name: name ?? null,
    baseUrl: checkedUrl(label, baseUrl === undefined ? provider.baseUrl : baseUrl, allowInsecure),
    rateLimit: { ...rateLimit },
    batch,
    credentials: () => (apiKey === null ? keyless : credentialsOf(typeof apiKey === 'function' ? keyFrom(label, apiKey) : apiKey)),
  };
};

/** So many keys. */
const mostRemembered = 4;

const accept = { accept: 'application/json' };

const keyless: Credentials = { headers: accept, redact: (text) => text };

/** What a key's function throws may speak of the key. */
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
    throw new TypeError(`${label}: apiKey must be a text that is not empty (null means: behind a proxy that adds the key)`);
  }
  if (!/^[\x21-\x7e]+$/.test(key) || /["\\]/.test(key)) {
    throw new TypeError(`${label}: apiKey must hold ASCII characters only, and no white space, quote or backslash`);
  }
  return key;
};

const checkedUrl = (label: string, baseUrl: string, allowInsecure: boolean): string => {
  const parts = httpUrl.exec(baseUrl);
  if (parts === null) {
    const shown = String(baseUrl).replace(/[?#].*/s, '…').replace(/^.*@/s, '…@');
    throw new TypeError(`${label}: baseUrl must be an absolute http(s) URL without user, query and fragment, not '${shown}'`);
  }
  if (parts[1]?.toLowerCase() === 'http' && !allowInsecure && !isLoopback(baseUrl)) {
    throw new TypeError(`${label}: baseUrl '${baseUrl}' would send the key in the clear; allowInsecure: true permits it`);
  }
  return baseUrl.replace(/\/+$/, '');
};

const httpUrl = /^(https?):\/\/([\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/[^\s?#]*)?$/i;

/** Whether a base URL leads to this machine. */
export const isLoopback = (baseUrl: string): boolean => loopback.test(httpUrl.exec(baseUrl)?.[2] ?? '');

const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;

/**
 * Finds the account that a ref means: the named one, else the provider's only or nameless one.
 *
 * Errors: `TypeError` for accounts that cannot be told apart; what it gives throws one for a ref without an account.
 */
export const accountFinder = (accounts: readonly Account[]): ((ref: TaskRef) => Account) => {
  if (!Array.isArray(accounts) || accounts.length === 0 || !accounts.every(isAccount)) {
    throw new TypeError('accounts must be a list of what account() gives, with one at the least');
  }
  const known = accounts.map(({ provider, name }) => (name === null ? provider.id : `${provider.id} (${name})`));
  const twice = known.find((label, index) => known.indexOf(label) < index);
  if (twice !== undefined) throw new TypeError(`accounts: ${twice} is there twice; give each a name`);
  return (ref) => {
    if (!isRecord(ref)) throw new TypeError(`task must be a ref { provider, id }, not ${String(ref)}`);
    const { provider, account } = ref;
    const own = accounts.filter((candidate) => candidate.provider.id === provider);
    const nameless = own.length === 1 ? own[0] : own.find(({ name }) => name === null);
    const found = account == null ? nameless : own.find(({ name }) => name === account);
    if (found !== undefined) return found;
    const [field, value] = own.length === 0 ? ['provider', provider] : ['account', account];
    throw new TypeError(`task.${field}: no account for '${String(value)}'; there are: ${known.join(', ')}`);
  };
};

const isAccount = (value: unknown): value is Account =>
  isRecord(value) && 'credentials' in value && typeof value.credentials === 'function';
