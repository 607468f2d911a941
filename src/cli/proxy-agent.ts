/**
 * An agent that connects through the proxy of HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Node's own agents do so only since Node 24.
 */
import { Agent, type AgentOptions, type ClientRequestArgs, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { getProxyForUrl } from 'proxy-from-env';
import { isLoopback } from '../client/account.js';

/** Node's callback declares a socket also for an error. */
type Connected = (error: Error | null, socket: Duplex) => void;

/** How long a proxy may take to open a tunnel, in ms. */
const tunnelTimeoutMs = 30_000;

/** An agent for http and https: pass the `defaultPort` of the URL with each request. Both go through a tunnel (CONNECT), so that a proxy sees no key and no link. Loopback needs no proxy. */
export class ProxyAgent extends Agent {
  constructor(options: AgentOptions = {}) {
    super(options);
    // Node's agents name the one protocol that they serve.
    Object.assign(this, { protocol: undefined });
  }

  override getName(options?: ClientRequestArgs): string {
    return `${options?.protocol ?? ''}${super.getName(options)}`;
  }

  override createConnection(options: ClientRequestArgs, connected: Connected): Duplex | undefined {
    const { protocol } = options;
    const host = options.host ?? '';
    const authority = `${host.includes(':') ? `[${host}]` : host}:${String(options.port)}`;
    const origin = `${protocol ?? ''}//${authority}`;
    const proxy = isLoopback(origin) ? '' : getProxyForUrl(origin);
    const secured = options as ConnectionOptions; // Node adds what TLS needs to the options of https requests
    if (proxy === '') return protocol === 'https:' ? connectTls(secured) : connectSocket({ ...options, host, port: Number(options.port) });
    openTunnel(proxy, authority, (error, socket) => {
      if (error === null && protocol === 'https:') connected(null, connectTls({ ...secured, socket }));
      else connected(error, socket);
    });
    return undefined;
  }
}

const openTunnel = (proxy: string, authority: string, opened: Connected): void => {
  const { protocol, host, username, password } = new URL(proxy);
  const failed = (message: string): void => { opened(new Error(`the proxy ${host} ${message}`), undefined as never); }; // as Node itself calls it
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
  const request = (protocol === 'https:' ? requestHttps : requestHttp)(`${protocol}//${host}`, {
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...(username !== '' && { 'proxy-authorization': `Basic ${credentials}` }) },
    agent: false,
    timeout: tunnelTimeoutMs,
  });
  request.once('connect', ({ statusCode }, socket) => {
    socket.setTimeout(0);
    if (statusCode === 200) { opened(null, socket); return; }
    socket.destroy();
    failed(`responded with ${String(statusCode)} to CONNECT ${authority}`);
  });
  request.once('response', (response) => {
    response.destroy();
    failed(`responded with ${String(response.statusCode)} to CONNECT ${authority}`);
  });
  request.once('timeout', () => request.destroy(new Error(`no response in ${String(tunnelTimeoutMs)} ms`)));
  request.once('error', ({ message }) => { failed(`cannot be reached: ${message}`); });
  request.end();
};
