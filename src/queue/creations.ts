/**
 * The records of creations in a store that several workers share.
 */
import type { CreationStore } from '../client/creation-record.js';
import type { QueueStore } from './store.js';

/**
 * A `store` for `createTask`, in the lanes of a queue's store: what one worker has sent, no other sends again. Records stay until you delete them.
 *
 * @example createTask(client, own, body, { key: order.id, store: creationsIn(store) })
 */
export const creationsIn = ({ lane, swapLane }: Pick<QueueStore, 'lane' | 'swapLane'>): CreationStore => ({
  read: async (key) => {
    const text = await lane(nameOf(key));
    return text === null ? null : (JSON.parse(text) as unknown); // `createTask` checks it
  },
  write: (record, before) => swapLane(nameOf(record.key), before && JSON.stringify(before), JSON.stringify(record)),
});

/** No account has such a label. */
const nameOf = (key: string): string => `creation: ${key}`;
