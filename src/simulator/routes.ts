/**
 * Finds the provider and the operation of a request. Paths are matched before they are decoded, so that an id stays one segment.
 */
import type { TaskRef } from '../task/snapshot.js';
import { simulatedProviders, sites } from './sites.js';
import type { SimulatedProvider } from './sites.js';
import type { FileVariant } from './task-view.js';

/** The operation of a request, and its provider. */
export type Route =
  | { readonly kind: 'get' | 'delete'; readonly provider: SimulatedProvider; readonly id: string }
  | { readonly kind: 'list' | 'create'; readonly provider: SimulatedProvider };

const decoded = (segment: string): string | null => {
  try {
    return decodeURIComponent(segment);
  } catch {
    return null;
  }
};

/** The id after a prefix: one segment, percent-decoded; null for any other path. */
const idAfter = (prefix: string, path: string): string | null => {
  const segment = path.startsWith(`${prefix}/`) ? path.slice(prefix.length + 1) : '';
  return segment === '' || segment.includes('/') ? null : decoded(segment);
};

const routeBelow = (base: string, provider: SimulatedProvider, method: string, path: string): Route | null => {
  const { tasksPath, createPaths, createsBelow, lists, deletes } = sites[provider];
  if (method === 'POST') {
    const creates = createPaths.some((createPath) => path === base + createPath) || (createsBelow && path.startsWith(`${base}${tasksPath}/`));
    return creates ? { kind: 'create', provider } : null;
  }
  const id = idAfter(base + tasksPath, path);
  if (id !== null) {
    if (method === 'GET') return { kind: 'get', provider, id };
    return method === 'DELETE' && deletes ? { kind: 'delete', provider, id } : null;
  }
  return method === 'GET' && lists && path === base + tasksPath ? { kind: 'list', provider } : null;
};

/**
 * The route of a request.
 *
 * @param path as sent, without its query
 * @returns null when no provider documents such a request
 */
export const findRoute = (method: string, path: string): Route | null => {
  for (const provider of simulatedProviders) {
    const { base, otherBases } = sites[provider];
    for (const prefix of [base, ...otherBases]) {
      const route = routeBelow(prefix, provider, method, path);
      if (route !== null) return route;
    }
  }
  return null;
};

const fileNames: Readonly<Record<FileVariant, string>> = { video: 'video.mp4', original: 'original.mp4', 'last-frame': 'last-frame.png' };

/** The task of a file's path; null for any other path. */
export const findFile = (path: string): TaskRef | null => {
  const [, provider, segment = '', name = ''] = /^\/files\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  const id = decoded(segment);
  return provider === undefined || id === null || !Object.values(fileNames).includes(name) ? null : { provider, id };
};

/** The path of a file. */
export const filePath = ({ provider, id }: TaskRef, variant: FileVariant): string =>
  `/files/${provider}/${encodeURIComponent(id)}/${fileNames[variant]}`;
