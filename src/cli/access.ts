/**
 * From arguments and variables to accounts: which key goes to which address.
 */
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { type Account, account, isLoopback } from '../client/account.js';
import { createTaskClient, type TaskClient } from '../client/task-client.js';
import type { Provider } from '../wire/provider.js';
import type { AccessArguments, BaseUrl } from './arguments.js';
import { baseUrlIn, baseUrlVariable, keyIn, keyVariable, type Variables } from './environment.js';
import { knownProviders } from './known-providers.js';
import { schedulerFor, speedVariable } from './simulator-clock.js';
import { programTransport } from './transport.js';
import { orUsageError, UsageError } from './usage-error.js';

/** How to reach the providers in use. */
export interface Access {
  readonly accounts: readonly Account[];
  /** The providers' clock: a simulator's, else real time. */
  readonly scheduler: SchedulerLike;
  readonly client: TaskClient;
}

/**
 * The accounts of the providers in use, and a client for them.
 *
 * @param used.ids      the providers of the tasks that are named
 * @param used.allKeyed whether tasks may follow, of any provider that has a key
 * Errors: `UsageError` for a missing key, for a bad address, and for a simulator's clock with a provider on another machine.
 */
export const openAccess = (
  used: { readonly ids: readonly string[]; readonly allKeyed: boolean },
  { baseUrls, maxBodyBytes, concurrency }: Pick<AccessArguments, 'baseUrls'> & { readonly maxBodyBytes?: number | undefined; readonly concurrency?: number | null | undefined },
  variables: Variables,
): Access => {
  const providers = knownProviders.filter(({ id }) => used.ids.includes(id) || (used.allKeyed && keyIn(variables, id) !== null));
  if (providers.length === 0) throw new UsageError('no key is set: put one in a variable such as ANYFAST_API_KEY, or name a .env file with --env');
  refuseUnused(baseUrls, providers);
  const accounts = providers.map((provider) =>
    orUsageError(() => account(provider, { apiKey: keyOf(provider, variables), baseUrl: baseUrlOf(provider, baseUrls, variables) })),
  );
  const scheduler = schedulerFor(variables);
  const real = scheduler === asyncScheduler ? undefined : accounts.find(({ baseUrl }) => !isLoopback(baseUrl));
  if (real !== undefined) {
    throw new UsageError(`${speedVariable} works only with a simulator on this machine, but ${real.provider.id} is at ${real.baseUrl}: unset it, or name another .env file`);
  }
  return { accounts, scheduler, client: createTaskClient({ accounts, scheduler, transport: programTransport({ maxBodyBytes }), concurrency: concurrency ?? undefined }) };
};

const keyOf = ({ id }: Provider, variables: Variables): string => {
  const key = keyIn(variables, id);
  if (key === null) throw new UsageError(keyMissing(id));
  return key;
};

/** The error message for a missing key. */
export const keyMissing = (provider: string): string =>
  `no key for ${provider}: set ${keyVariable(provider)}, or name a .env file that sets it with --env`;

/** Refuses http before the library does, whose message names an option that only programs have. */
const baseUrlOf = ({ id, baseUrl }: Provider, baseUrls: readonly BaseUrl[], variables: Variables): string => {
  const given = baseUrls.findLast(({ provider }) => provider === null || provider === id)?.url;
  const url = given ?? baseUrlIn(variables, id) ?? baseUrl;
  if (!/^http:\/\/[^@?#]*$/i.test(url) || isLoopback(url)) return url;
  throw new UsageError(`${given === undefined ? baseUrlVariable(id) : '--base-url'} ${url} would send the key unencrypted: use https, or a server on this machine`);
};

const refuseUnused = (baseUrls: readonly BaseUrl[], providers: readonly Provider[]): void => {
  const ids = providers.map(({ id }) => id);
  for (const { provider } of baseUrls) {
    if (provider === null && ids.length > 1) {
      throw new UsageError(`--base-url must be written provider=URL when there are several providers: ${ids.join(', ')}`);
    }
    if (provider !== null && !ids.includes(provider)) throw new UsageError(`--base-url ${provider}=…: no task of ${provider} is watched`);
  }
};
