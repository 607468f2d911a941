/**
 * The entry point `rx-seedance/angular`: a transport over `HttpClient`, an injectable client, and feeds as signals.
 * @module
 */
export { httpClientTransport } from './http-client-transport.js';
export { injectSeedance, provideSeedance, SEEDANCE_CLIENT, type SeedanceOptions } from './client.js';
export { type FeedSignals, feedSignals, injectTaskFeed, type TaskFeed } from './feed-signals.js';
