/**
 * One progress feed over server-sent events, from a server that holds the keys to pages that hold none.
 */
export { type ServerSentEvents, type ServerSentEventsOptions, toServerSentEvents } from './server.js';
export { fromServerSentEvents, type FromServerSentEventsOptions } from './client.js';
