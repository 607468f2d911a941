/**
 * One progress feed over server-sent events: the server holds the keys, the pages do not.
 * @module
 */
export { type ServerSentEvents, type ServerSentEventsOptions, toServerSentEvents } from './server.js';
export { fromServerSentEvents, type FromServerSentEventsOptions } from './client.js';
