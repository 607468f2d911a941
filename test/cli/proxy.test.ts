import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request as send, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { firstValueFrom } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { programTransport } from '../../src/cli/transport.js';
import { startSimulator } from '../../src/simulator/index.js';
import { userAgent } from '../../src/version.js';
import { catchWarnings } from '../support/warnings.js';
import { run } from './console.js';

/** For these tests alone: nothing trusts it. */
const identity = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgghX97+ilMsXR2uxV
zR8EzwK+7dyyvZEyfE3vjvfSOFmhRANCAAT9tYD+ETiphnj83EJWW3USk7mWtZLO
C0bXCWc2s+dkSVo1HRqHMIJdhP0h+PDjJPWmVsIQ/TX9yQBoOtaKogSc
-----END PRIVATE KEY-----`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBnTCCAUSgAwIBAgIUCf24V8PtLMzvnftGX0vJqOTpb4owCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjkwODM2MThaGA8yMTI2MTEwNTA4MzYx
OFowDzENMAsGA1UEAwwEdGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABP21
gP4ROKmGePzcQlZbdRKTuZa1ks4LRtcJZzaz52RJWjUdGocwgl2E/SH48OMk9aZW
whD9Nf3JAGg61oqiBJyjfDB6MB0GA1UdDgQWBBQWdO65RA/e8RB47Mspd6UDNzxQ
DDAfBgNVHSMEGDAWgBQWdO65RA/e8RB47Mspd6UDNzxQDDAPBgNVHRMBAf8EBTAD
AQH/MCcGA1UdEQQgMB6CDXJlbGF5LmludmFsaWSCDWZpbGVzLmludmFsaWQwCgYI
KoZIzj0EAwIDRwAwRAIgEVkvIdjAYpDfnEunIMbpI/ZZrDhhU2ucTbXvdI78PkAC
IHODV4Sk9jtrXHW2BEb03Et2jvv0nua6z/XI6Z9d0Tu9
-----END CERTIFICATE-----`,
};

const listening = async (server: Server): Promise<number> => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

/** A proxy on loopback that leads every tunnel to one port. */
const openProxy = async (port: number, status = '200 OK') => {
  const tunnels: IncomingMessage[] = [];
  const proxy = createServer((_, response) => response.writeHead(500).end());
  proxy.on('connect', (request: IncomingMessage, socket) => {
    tunnels.push(request);
    socket.on('error', () => undefined).write(`HTTP/1.1 ${status}\r\n\r\n`);
    if (status !== '200 OK') return void socket.end();
    const target = connect(port, '127.0.0.1').on('error', () => socket.destroy());
    socket.pipe(target).pipe(socket);
    for (const one of [socket, target]) one.on('close', () => { socket.destroy(); target.destroy(); });
  });
  return { url: `http://user:p%40ss@127.0.0.1:${String(await listening(proxy))}`, tunnels };
};

/** A simulator behind https. Its links lead to `files.invalid`. */
const openRelay = async () => {
  const simulator = await startSimulator();
  onTestFinished(() => simulator.stop());
  const seen: { readonly host: string | undefined; readonly agent: string | undefined }[] = [];
  const relay = createSecureServer(identity, ({ url = '', headers }, response) => {
    seen.push({ host: headers.host, agent: headers['user-agent'] });
    send(simulator.url + url, { headers }, (received) => {
      const type = received.headers['content-type'] ?? '';
      if (!type.includes('json')) return void received.pipe(response.writeHead(received.statusCode ?? 500, received.headers));
      response.writeHead(received.statusCode ?? 500, { 'content-type': type, 'content-encoding': 'gzip' });
      void text(received).then((body) => response.end(gzipSync(body.replaceAll(simulator.url, 'https://files.invalid'))));
    }).end();
  });
  return { simulator, port: await listening(relay), seen };
};

let directory: string;
let warnings: readonly string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rx-seedance-proxy-'));
  for (const name of ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy']) for (const one of [name, name.toUpperCase()]) vi.stubEnv(one, '');
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  warnings = catchWarnings();
});
afterEach(() => {
  for (const warning of warnings) expect(warning).toMatch(/^Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED/);
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

const accessTo = (simulator: { apiKey: (provider: 'ark') => string; baseUrl: (provider: 'ark') => string; url: string }) => ({
  ARK_API_KEY: simulator.apiKey('ark'),
  ARK_BASE_URL: simulator.baseUrl('ark').replace(simulator.url, 'https://relay.invalid'),
});

describe('the program behind a proxy', () => {
  it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])('polls and downloads through the tunnels of %s', async (name) => {
    const { simulator, port, seen } = await openRelay();
    const proxy = await openProxy(port);
    vi.stubEnv(name, proxy.url);
    const { id } = simulator.submit('ark', { queueMs: 0, runMs: 0 });
    const { code, err } = await run(['watch', `ark:${id}`, '--download', directory], { env: accessTo(simulator) });
    expect([code, err]).toEqual([0, expect.stringContaining('1 saved')]);
    expect(readdirSync(directory)).toContain(`ark-${id}.mp4`);
    expect(readFileSync(join(directory, `ark-${id}.mp4`)).subarray(4, 8).toString()).toBe('ftyp');
    expect(new Set(proxy.tunnels.map(({ url }) => url))).toEqual(new Set(['relay.invalid:443', 'files.invalid:443']));
    expect(proxy.tunnels[0]?.headers['proxy-authorization']).toBe(`Basic ${btoa('user:p@ss')}`);
    expect(seen).toEqual(seen.map((_, index) => ({ host: index < seen.length - 1 ? 'relay.invalid' : 'files.invalid', agent: userAgent })));
  });

  it('leaves out the hosts of NO_PROXY and this machine', async () => {
    const { simulator, port } = await openRelay();
    const proxy = await openProxy(port);
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    vi.stubEnv('HTTP_PROXY', proxy.url);
    const { id } = simulator.submit('ark', { queueMs: 0, runMs: 0 });
    const local = await run(['query', `ark:${id}`], { env: { ...accessTo(simulator), ARK_BASE_URL: simulator.baseUrl('ark') } });
    expect([local.code, proxy.tunnels.length]).toEqual([0, 0]);
    vi.stubEnv('NO_PROXY', '.invalid');
    const excluded = await run(['query', `ark:${id}`], { env: accessTo(simulator) });
    expect([excluded.code, excluded.err, proxy.tunnels.length]).toEqual([1, expect.stringContaining('relay.invalid'), 0]);
  });

  it('says what the proxy responded, without its password', async () => {
    const { simulator, port } = await openRelay();
    const proxy = await openProxy(port, '407 Proxy Authentication Required');
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const { code, err } = await run(['query', 'ark:cgt-1'], { env: accessTo(simulator) });
    expect([code, err]).toEqual([1, expect.stringMatching(/the proxy 127\.0\.0\.1:\d+ responded with 407 to CONNECT relay\.invalid:443/)]);
    expect(err).not.toContain('p@ss');
    expect(err).not.toContain('p%40ss');
  });

  it('says that the proxy cannot be reached', async () => {
    vi.stubEnv('HTTPS_PROXY', 'http://127.0.0.1:1');
    const { code, err } = await run(['query', 'ark:cgt-1'], { env: { ARK_API_KEY: 'sk-0123456789', ARK_BASE_URL: 'https://relay.invalid' } });
    expect([code, err]).toEqual([1, expect.stringContaining('the proxy 127.0.0.1:1 cannot be reached: connect ECONNREFUSED')]);
  });

  it('sends http through a tunnel, too', async () => {
    const port = await listening(createServer((_, response) => response.end('{}')));
    const proxy = await openProxy(port);
    vi.stubEnv('HTTP_PROXY', proxy.url);
    const request = { method: 'GET', url: 'http://relay.invalid/', headers: {} } as const;
    expect(await firstValueFrom(programTransport()(request))).toMatchObject({ status: 200, body: '{}' });
    expect(proxy.tunnels.map(({ url }) => url)).toEqual(['relay.invalid:80']);
  });
});

it('the program says why it does not trust a server, and sends it nothing', async () => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '1');
  let requests = 0;
  const port = await listening(createSecureServer(identity, () => { requests += 1; }));
  const { code, err } = await run(['query', 'ark:cgt-1'], { env: { ARK_API_KEY: 'sk-0123456789', ARK_BASE_URL: `https://127.0.0.1:${String(port)}` } });
  expect([code, err, requests]).toEqual([1, expect.stringContaining('self-signed certificate'), 0]);
});
