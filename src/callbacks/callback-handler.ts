/**
 * Receives callbacks of a provider over HTTP, and emits the tasks that they name.
 */
import { type Observable, Subject, timer } from 'rxjs';
import { checkCount, checkUpTo, isRecord, longestTimerMs } from '../checks.js';
import type { Account } from '../client/account.js';
import type { RequestHandler } from '../proxy/provider-proxy.js';
import type { TaskRef } from '../task/snapshot.js';
import { createBodyCollector } from '../transport/body-collector.js';
import { refFromCallback } from './ref-from-callback.js';

/** Options of `callbackHandler`. */
export interface CallbackHandlerOptions {
  /** The last segment of the callback URL's path: at least 16 letters, digits, `-`, `.`, `_` and `~`. Only the provider should know it. */
  readonly secret: string;
  /** The largest body, in bytes. Default: 64 KiB. */
  readonly maxBodyBytes?: number | undefined;
  /** How long a body may take to arrive, in ms. Default: 5 s. */
  readonly timeoutMs?: number | undefined;
}

/** A handler of callbacks, and the tasks that they name. */
export interface CallbackHandler<Id extends string = string> {
  /** Handles one request. Never rejects. */
  readonly handle: RequestHandler;
  /** The task of each callback, for `wake` of a client. Hot: a task is lost when nobody subscribes. It never completes and has no errors. */
  readonly tasks: Observable<TaskRef<Id>>;
}

/**
 * Creates a handler of callbacks for an account. It emits the task that a callback names and trusts nothing else of it: the client polls the task.
 *
 * Responses have no body. The status is 204 for a callback, 404 for a wrong secret, 405 for another method than POST, 413 for a body that is too
 * large, 408 for one that is too late, and 400 for one that names no task. The secret is compared in constant time.
 *
 * Throws `TypeError` for an invalid account or secret, and `RangeError` for an invalid limit. No message contains the secret.
 * @param account an account with the provider of the tasks; its key is not used
 * @example
 * const callbacks = callbackHandler(account(ark, { apiKey }), { secret: process.env.CALLBACK_SECRET ?? '' })
 * const client = createTaskClient({ transport, accounts, wake: callbacks.tasks })
 */
export const callbackHandler = <Id extends string>(
  account: Pick<Account<Id>, 'provider' | 'name'>,
  { secret, maxBodyBytes = 65_536, timeoutMs = 5_000 }: CallbackHandlerOptions,
): CallbackHandler<Id> => {
  if (!isRecord(account) || !isRecord(account.provider)) throw new TypeError('account must be a result of account()');
  if (typeof secret !== 'string' || !/^[\w.~-]{16,}$/.test(secret)) throw new TypeError('secret must be at least 16 letters, digits, and characters of "-._~"');
  checkCount('maxBodyBytes', maxBodyBytes);
  checkUpTo(longestTimerMs, 'timeoutMs', timeoutMs);
  const { provider, name } = account;
  const tasks = new Subject<TaskRef<Id>>();

  const statusFor = async ({ url, method, body }: Request): Promise<number> => {
    if (!isSame(secret, new URL(url).pathname.split('/').at(-1) ?? '')) return 404;
    if (method !== 'POST') return 405;
    const text = body === null ? '' : await textOf(body.getReader(), maxBodyBytes, timeoutMs);
    if (typeof text === 'number') return text;
    const ref = refFromCallback(provider, text);
    if (ref === null) return 400;
    tasks.next(name === null ? ref : { ...ref, account: name });
    return 204;
  };

  return {
    handle: async (request) => {
      const status = await statusFor(request).catch(() => 400); // the connection broke, or the body was read before
      return new Response(null, { status, headers: { 'cache-control': 'no-store', ...(status === 405 ? { allow: 'POST' } : {}) } });
    },
    tasks: tasks.asObservable(),
  };
};

/** Whether two texts are the same. How long it takes depends on the length of the secret alone. */
const isSame = (secret: string, given: string): boolean => {
  let difference = secret.length ^ given.length;
  for (let index = 0; index < secret.length; index += 1) difference |= secret.charCodeAt(index) ^ given.charCodeAt(index % given.length);
  return difference === 0;
};

interface Reader {
  readonly read: () => Promise<{ readonly value?: Uint8Array | undefined }>;
  readonly cancel: () => Promise<unknown>;
}

/** The whole body, or the status of the refusal. */
const textOf = async (reader: Reader, maxBodyBytes: number, timeoutMs: number): Promise<string | 408 | 413> => {
  const body = createBodyCollector(maxBodyBytes);
  let isLate = false;
  const cancel = (): void => { reader.cancel().catch(() => undefined); };
  const limit = timer(timeoutMs).subscribe(() => {
    isLate = true;
    cancel(); // ends the current read
  });
  try {
    for (;;) {
      const { value } = await reader.read();
      if (isLate) return 408;
      if (value === undefined) return body.text();
      if (!body.add(value)) return 413;
    }
  } finally {
    limit.unsubscribe();
    cancel();
  }
};
