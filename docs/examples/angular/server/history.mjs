// @ts-check
/** The last events of each task, for its details on the page. They are in memory: a restart of the server begins anew. */
import { taskKey } from 'rx-seedance';

/** @typedef {import('rx-seedance').FeedEvent} FeedEvent */
/** @typedef {import('rx-seedance/node').SaveEvent} SaveEvent */
/** @typedef {{ readonly atMs: number, readonly kind: string, readonly text: string }} Entry */

const maxEntries = 100;

export const createHistory = () => {
  /** @type {Map<string, Entry[]>} */
  const entries = new Map();
  return {
    /** @param {FeedEvent | SaveEvent} event @param {number} nowMs */
    add: (event, nowMs) => {
      const key = taskKey(event.task);
      if (event.kind === 'removed') {
        entries.delete(key);
        return;
      }
      const entry = entryOf(event, nowMs);
      if (entry === null) return;
      const list = entries.get(key) ?? [];
      entries.set(key, list);
      if (list.push(entry) > maxEntries) list.splice(1, 1);
    },
    /** @param {import('rx-seedance').TaskRef} task */
    of: (task) => entries.get(taskKey(task)) ?? [],
  };
};

/** @param {FeedEvent | SaveEvent} event @param {number} nowMs @returns {Entry | null} */
const entryOf = (event, nowMs) => {
  switch (event.kind) {
    case 'added':
      return { atMs: event.atMs, kind: 'added', text: event.resumedFrom === null ? 'Added' : 'Watched again after a restart of the server' };
    case 'transition': {
      const { from, to, snapshot } = event.transition;
      const word = snapshot.providerStatus === to ? '' : ` (“${snapshot.providerStatus}”)`;
      return { atMs: event.atMs, kind: to, text: `${from === null ? '' : `${from} → `}${to}${word}` };
    }
    case 'retry':
      return { atMs: event.atMs, kind: 'retry', text: `Poll failed: ${event.lastError.message}` };
    case 'error':
      return { atMs: event.atMs, kind: 'error', text: event.error.message };
    case 'saved':
      return event.isNew ? { atMs: nowMs, kind: 'saved', text: `Saved, ${sizeOf(event.bytes)}` } : null;
    case 'not-saved':
      return event.reason === 'download' ? { atMs: nowMs, kind: 'error', text: `Not saved: ${event.error?.message ?? 'the download failed'}` } : null;
    default:
      return null;
  }
};

/** @param {number} bytes */
const sizeOf = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
