/**
 * The providers as the programs of the documentation meet them: one simulator behind every host name. Tasks need not be made.
 */
import { simulatedProviders, startSimulator } from 'rx-seedance/simulator';

/** What is needed of a provider's own file. */
export interface Address {
  readonly id: string;
  readonly baseUrl: string;
  readonly path: string;
}

export interface Question {
  readonly host: string;
  /** With its query. */
  readonly url: string;
}

/** Which task of which provider a request asks about, by its path alone; of several that fit, the one whose host or name is in the address. */
export const readQuestion = (addresses: readonly Address[], { host, url }: Question): { readonly address: Address; readonly id: string; readonly isOwn: boolean } | null => {
  const [path = ''] = url.split('?');
  const slash = path.lastIndexOf('/');
  const fitting = addresses.filter((one) => path.slice(0, slash + 1).endsWith(one.path.replace('{id}', '')));
  const isOwn = (one: Address): boolean => `https://${host}${path}`.startsWith(one.baseUrl);
  const address = fitting.find(isOwn) ?? fitting.find((one) => `${host}${path}`.includes(one.id)) ?? fitting[0];
  return address ? { address, id: decodeURIComponent(path.slice(slash + 1)), isOwn: isOwn(address) } : null;
};

export interface Providers {
  /** Where to send a question on to. The task that it asks about is born, if there is none yet. */
  readonly answerTo: (question: Question) => { readonly url: string; readonly headers: Readonly<Record<string, string>> };
}

/** Starts the simulator. A host that is no provider's is somebody's proxy, which knows the key. */
export const openProviders = async (addresses: readonly Address[]): Promise<Providers> => {
  const simulator = await startSimulator();
  const born = new Set<string>();
  return {
    answerTo: (question) => {
      const asked = readQuestion(addresses, question);
      const provider = simulatedProviders.find((one) => one === asked?.address.id);
      if (!asked || !provider) return { url: simulator.url + question.url, headers: {} };
      const task = `${provider} ${asked.id}`;
      if (!born.has(task)) {
        born.add(task);
        try {
          simulator.submit(provider, { id: asked.id });
        } catch {
          // The program made it itself.
        }
      }
      if (asked.isOwn) return { url: simulator.url + question.url, headers: {} };
      const path = asked.address.path.replace('{id}', encodeURIComponent(asked.id));
      return { url: simulator.baseUrl(provider) + path, headers: { authorization: `Bearer ${simulator.apiKey(provider)}` } };
    },
  };
};
