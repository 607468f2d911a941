/**
 * The server's side of a page that polls by itself: a proxy that adds the key.
 * @module
 */
export { providerProxy, type ProviderProxyOptions, type RequestHandler } from './provider-proxy.js';
export { type NodeRequest, type NodeResponse, toNodeListener } from './node-listener.js';
