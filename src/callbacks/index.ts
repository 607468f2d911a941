/**
 * Callbacks of a provider: which task one names, for the `wake` of a client.
 * @module
 */
export { refFromCallback } from './ref-from-callback.js';
