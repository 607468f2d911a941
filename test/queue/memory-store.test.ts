import { memoryStore } from '../../src/queue/memory-store.js';
import { describeStore } from './store-contract.js';
import { describeHistories } from './store-histories.js';

const open = () => {
  const store = memoryStore();
  return Promise.resolve([store, store, store] as const);
};

describeStore('memoryStore', open);
describeHistories('memoryStore', open);
