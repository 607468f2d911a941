/**
 * The providers as the programs of the documentation meet them: one simulator behind every host name. A task exists from its first request on.
 */
import { simulatedProviders, startSimulator } from 'rx-seedance/simulator';

/** The part of a provider that says where its requests go. */
export interface Address {
  readonly id: string;
  readonly baseUrl: string;
  readonly path: string;
}

export interface RequestTarget {
  readonly host: string;
  /** With its query. */
  readonly url: string;
}

/** The provider and the task that a request is for, by its path. If several providers fit, the one whose host or name is in the address. */
export const requestedTask = (addresses: readonly Address[], { host, url }: RequestTarget): { readonly address: Address; readonly id: string; readonly isOwn: boolean } | null => {
  const [path = ''] = url.split('?');
  const slash = path.lastIndexOf('/');
  const fitting = addresses.filter((one) => path.slice(0, slash + 1).endsWith(one.path.replace('{id}', '')));
  const isOwn = (one: Address): boolean => `https://${host}${path}`.startsWith(one.baseUrl);
  const address = fitting.find(isOwn) ?? fitting.find((one) => `${host}${path}`.includes(one.id)) ?? fitting[0];
  return address ? { address, id: decodeURIComponent(path.slice(slash + 1)), isOwn: isOwn(address) } : null;
};

export interface Providers {
  /** The address in the links of responses. */
  readonly url: string;
  /** Where to forward a request to. Submits the task of the request if it does not exist yet. */
  readonly forward: (target: RequestTarget) => { readonly url: string; readonly headers: Readonly<Record<string, string>> };
}

/** Starts the simulator. Every host that belongs to no provider is a proxy that adds the key. */
export const openProviders = async (addresses: readonly Address[]): Promise<Providers> => {
  const simulator = await startSimulator();
  const submitted = new Set<string>();
  return {
    url: simulator.url,
    forward: (target) => {
      const requested = requestedTask(addresses, target);
      const provider = simulatedProviders.find((one) => one === requested?.address.id);
      if (!requested || !provider) return { url: simulator.url + target.url, headers: {} };
      const task = `${provider} ${requested.id}`;
      if (!submitted.has(task)) {
        submitted.add(task);
        try {
          simulator.submit(provider, { id: requested.id });
        } catch {
          // The program submitted it itself.
        }
      }
      if (requested.isOwn) return { url: simulator.url + target.url, headers: {} };
      const path = requested.address.path.replace('{id}', encodeURIComponent(requested.id));
      return { url: simulator.baseUrl(provider) + path, headers: { authorization: `Bearer ${simulator.apiKey(provider)}` } };
    },
  };
};
