/**
 * One key at one address. The key lives in a closure: no property, no log line and no JSON of an account shows it.
 */
import type { Provider } from '../wire/provider.js';

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
}

/**
 * An account of a provider.
 *
 * Errors: `TypeError` for an empty key, a base URL that is none, or plain http to another machine. It never shows the key.
 * @example account(ark, { apiKey: process.env.ARK_API_KEY ?? '', baseUrl: arkRegions['ap-southeast'] })
 */
export const account = <Id extends string>(
  provider: Provider<Id>,
  { apiKey, baseUrl = provider.baseUrl, name, allowInsecure = false }: AccountOptions,
): Account<Id> => {
  const label = `account ${provider.id}`;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new TypeError(`${label}: name must be a text that is not empty, not ${String(name)}`);
  }
  if (typeof apiKey === 'string') checkKey(label, apiKey);
  else if (apiKey !== null && typeof apiKey !== 'function') {
    throw new TypeError(`${label}: apiKey must be a text, a function that gives one, or null, not ${typeof apiKey}`);
  }
  const known: Known[] = [];
  return {
    provider,
    name: name ?? null,
    baseUrl: checkedUrl(label, baseUrl, allowInsecure),
    credentials: () => {
      if (apiKey === null) return keyless;
      const key = typeof apiKey === 'function' ? keyFrom(label, apiKey) : apiKey;
      if (known[0]?.key !== key) known.unshift({ key, redact: redactorOf(key) });
      known.splice(mostKnown);
      return {
        headers: { ...accept, authorization: `Bearer ${key}` },
        redact: (text) => known.reduce((cleared, { redact }) => redact(cleared), text),
      };
    },
  };
};

const accept = { accept: 'application/json' };

const keyless: Credentials = { headers: accept, redact: (text) => text };

/** A key that was sent, and how its echoes are taken out. */
interface Known extends Pick<Credentials, 'redact'> {
  readonly key: string;
}

/** A late answer may echo a key that has been changed since: so many of the last ones are looked for. */
const mostKnown = 4;

const redactorOf = (key: string): Credentials['redact'] => {
  const echo = new RegExp(echoOf(key), 'g');
  return (text) => (text.includes(key) || /[\\%]/.test(text) ? text.replace(echo, '[key]') : text);
};

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

/** The shortest key that is looked for inside other words; a shorter one must stand alone, or plain words would be torn. */
const longWord = 12;

/** What may stand before a short key: no letter or digit, save as the end of an escape. */
const alone = '(?<=^|[^\\w-]|\\\\[bfnrt]|\\\\u[\\da-fA-F]{4}|%[\\da-fA-F]{2})';

/** The key as itself, and with any of its characters written as JSON or a URL may escape them. */
const echoOf = (key: string): string => {
  const characters = [...key].map((character) => {
    const code = hexDigits(character.charCodeAt(0).toString(16));
    return `(?:${character === '/' ? '\\\\*' : ''}${character.replace(/[^\w]/g, '\\$&')}|\\\\u00${code}|%(?:25)*${code})`;
  });
  return key.length < longWord ? `${alone}${characters.join('')}(?![\\w-])` : characters.join('');
};

const hexDigits = (code: string): string => code.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`);

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
  const [, scheme = '', host = ''] = parts;
  if (scheme.toLowerCase() === 'http' && !allowInsecure && !loopback.test(host)) {
    throw new TypeError(`${label}: baseUrl '${baseUrl}' would send the key in the clear; allowInsecure: true permits it`);
  }
  return baseUrl.replace(/\/+$/, '');
};

const httpUrl = /^(https?):\/\/([\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/[^\s?#]*)?$/i;

const loopback = /^(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i;
