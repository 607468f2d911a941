/**
 * From arguments and variables to accounts: which key goes to which address. Reads no file and starts nothing.
 */
import { spedUp } from '../simulator/index.js';
import { type Account, account, isLoopback } from '../client/account.js';
import type { TaskClientOptions } from '../client/task-client.js';
import type { Provider } from '../wire/provider.js';
import type { AccessArguments, BaseUrl } from './arguments.js';
import { baseUrlIn, keyIn, keyVariable, type Variables } from './environment.js';
import { knownProviders } from './known-providers.js';
import { orUsageError, UsageError } from './usage-error.js';

/** The ways to the providers in use. */
export interface Access extends Pick<TaskClientOptions<string>, 'accounts' | 'askTimeoutMs' | 'patienceMs'> {
  readonly accounts: readonly Account[];
}

/**
 * The accounts of the providers in use.
 *
 * @param used.ids       the providers of the tasks that are named
 * @param used.allKeyed further tasks are to come: of any provider that has a key
 * Errors: `UsageError` for a missing key, which names its variable; for a bad address; for a speed without a simulator.
 */
export const openAccess = (
  used: { readonly ids: readonly string[]; readonly allKeyed: boolean },
  { baseUrls, speed }: Pick<AccessArguments, 'baseUrls' | 'speed'>,
  variables: Variables,
): Access => {
  const providers = knownProviders.filter(({ id }) => used.ids.includes(id) || (used.allKeyed && keyIn(variables, id) !== null));
  if (providers.length === 0) throw new UsageError('no key is set: put one in a variable such as ANYFAST_API_KEY, or name a .env file by --env-file');
  refuseUnused(baseUrls, providers);
  const accounts = providers.map((provider) =>
    orUsageError(() => account(spedUp(provider, speed), { apiKey: keyOf(provider, variables), baseUrl: baseUrlOf(provider, baseUrls, variables) })),
  );
  if (speed === 1) return { accounts };
  const real = accounts.find(({ baseUrl }) => !isLoopback(baseUrl));
  if (real !== undefined) {
    throw new UsageError(`--speed is for a simulator on this machine, and ${real.provider.id} is asked at ${real.baseUrl}`);
  }
  return { accounts, askTimeoutMs: Math.max(1_000, 30_000 / speed), patienceMs: Math.max(10_000, 900_000 / speed) };
};

const keyOf = ({ id }: Provider, variables: Variables): string => {
  const key = keyIn(variables, id);
  if (key === null) throw new UsageError(keyMissing(id));
  return key;
};

/** What to do about a key that is not there. */
export const keyMissing = (provider: string): string =>
  `no key for ${provider}: set ${keyVariable(provider)}, or name a .env file that has it by --env-file`;

const baseUrlOf = ({ id, baseUrl }: Provider, baseUrls: readonly BaseUrl[], variables: Variables): string =>
  baseUrls.findLast(({ provider }) => provider === null || provider === id)?.url ?? baseUrlIn(variables, id) ?? baseUrl;

const refuseUnused = (baseUrls: readonly BaseUrl[], providers: readonly Provider[]): void => {
  const ids = providers.map(({ id }) => id);
  for (const { provider } of baseUrls) {
    if (provider === null && ids.length > 1) {
      throw new UsageError(`--base-url must be written provider=URL when there are several providers: ${ids.join(', ')}`);
    }
    if (provider !== null && !ids.includes(provider)) throw new UsageError(`--base-url ${provider}=…: no task of ${provider} is asked about`);
  }
};
