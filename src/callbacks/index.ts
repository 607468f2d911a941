/**
 * Callbacks of a provider: which task one names, and a handler that receives them for the `wake` of a client.
 * @module
 */
export { callbackHandler, type CallbackHandler, type CallbackHandlerOptions } from './callback-handler.js';
export { refFromCallback } from './ref-from-callback.js';
