import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { lookup } from 'node:dns/promises';
import { Agent, get, globalAgent, type IncomingMessage, type RequestListener } from 'node:http';
import type { LookupFunction } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { EMPTY, lastValueFrom } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { account } from '../../src/client/account.js';
import { download, type DownloadOptions } from '../../src/node/index.js';
import { checkLink, isPrivateHost, publicLookup, UnsafeLinkError } from '../../src/node/safe-link.js';
import { ark } from '../../src/providers/ark.js';
import { key, serve } from '../adapters/loopback.js';
import { snapshot } from '../support/snapshots.js';
import { makeFilm } from './film.js';

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'rx-seedance-safe-link-'));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

const video = (url: string) => ({ ...snapshot('succeeded'), task: { provider: 'ark', id: 'cgt-1' }, video: { url, lastFrameUrl: null, originalUrl: null, expiresAtMs: null } });
const clientAt = (baseUrl: string) => ({ watch: () => EMPTY, accountOf: () => account(ark, { apiKey: key, baseUrl, allowInsecure: true }) });

const errorOf = (url: string, options: Partial<DownloadOptions> = {}): Promise<unknown> =>
  lastValueFrom(download(video(url), { directory: folder(), retry: () => 'stop', ...options })).then(() => null, (error: unknown) => error);

/** Resolves every name to loopback. */
const toLoopback: LookupFunction = (_, __, callback) => { callback(null, [{ address: '127.0.0.1', family: 4 }]); };

/** Whether the name of this machine resolves to a private address, as in a container. */
const hasPrivateName = await lookup(hostname()).then(({ address }) => isPrivateHost(address), () => false);

const film = makeFilm(10);
const serveFilm = () => serve((_, response) => void response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': film.length }).end(film));

describe('a private host', () => {
  it.each([
    '127.0.0.1', '127.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.0.0.1.', 'localhost', 'LOCALHOST.', 'a.localhost', '0.0.0.0', '0',
    '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254', '100.64.0.1', '224.0.0.1', '255.255.255.255',
    '[::]', '[::1]', '[fc00::1]', '[fd12:3456::1]', '[fe80::1]', '[ff02::1]', '[::127.0.0.1]', '[::ffff:127.0.0.1]', '[::ffff:a00:1]',
    '[64:ff9b::10.0.0.1]', '[64:ff9b:1::1]', '[2002:7f00:1::]', '[2002:c0a8:101::1]',
  ])('is %s', (host) => {
    expect(isPrivateHost(new URL(`http://${host}/`).hostname)).toBe(true);
  });

  it.each([
    'files.example', 'localhost.example', '8.8.8.8', '172.32.0.1', '100.128.0.1', '[2606:4700::1111]', '[::ffff:8.8.8.8]', '[64:ff9b::8.8.8.8]', '[2002:808:808::1]',
    // Proxies for a whole machine map all public names to this range.
    '198.18.0.1',
  ])('is not %s', (host) => {
    expect(isPrivateHost(new URL(`http://${host}/`).hostname)).toBe(false);
  });
});

it('a link has no user and no password', () => {
  for (const user of ['user', 'user:pass', ':pass']) expect(() => { checkLink(new URL(`https://${user}@files.example/`), () => true); }).toThrow(UnsafeLinkError);
});

describe('a lookup', () => {
  const resolved = (link: string, name: string, options: object): Promise<unknown> =>
    new Promise((resolve) => {
      publicLookup(link)(name, options, (error, address, family) => { resolve(error ?? [address, family]); });
    });

  it('refuses the name of the link if it has a private address', async () => {
    for (const options of [{}, { all: true }]) {
      expect(await resolved('localhost', 'localhost', options)).toMatchObject({ message: expect.stringMatching(/^the link leads to the private address (127\.0\.0\.1|::1) of localhost;/) as string });
    }
  });

  it('resolves the name of a proxy to any address', async () => {
    expect(await resolved('files.example', 'localhost', { family: 4 })).toEqual(['127.0.0.1', 4]);
    expect(await resolved('files.example', 'localhost', { family: 4, all: true })).toEqual([[{ address: '127.0.0.1', family: 4 }], undefined]);
  });

  it('passes on the error for a name that does not exist', async () => {
    expect(await resolved('name.invalid', 'name.invalid', {})).toMatchObject({ syscall: 'getaddrinfo' });
  });
});

describe('a download', () => {
  it('never requests a private address of a link', async () => {
    const { url, requests, sockets } = await serveFilm();
    const { port } = new URL(url);
    for (const host of ['127.0.0.1', 'localhost', '2130706433', '0.0.0.0', '[::ffff:127.0.0.1]']) {
      const error = await errorOf(`http://${host}:${port}/film.mp4`, { client: clientAt('https://ark.example') });
      expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('the link leads to the private address') as string });
    }
    expect([requests.length, sockets.length]).toEqual([0, 0]);
  });

  it.skipIf(!hasPrivateName)('refuses a name with a private address at connect', async () => {
    const error = await errorOf(`http://${hostname()}:1/film.mp4`);
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining(`of ${hostname().toLowerCase()};`) as string });
  });

  it('does not use an open connection of another part of the program to a private address', async () => {
    const { url, requests } = await serveFilm();
    const { port } = new URL(url);
    await new Promise((resolve) => {
      get(`http://name.invalid:${port}/inside`, { lookup: toLoopback }, (response) => response.resume().on('end', () => setImmediate(resolve)));
    });
    expect(Object.keys(globalAgent.freeSockets)).toContain(`name.invalid:${port}:`);
    expect(await errorOf(`http://name.invalid:${port}/film.mp4`)).toMatchObject({ kind: 'interrupted' });
    expect(requests.map(({ url: path }) => path)).toEqual(['/inside']);
  });

  it("requests the account's own host, and does not follow its redirects to a private address", async () => {
    const inside = await serveFilm();
    const { url, requests } = await serve((_, response) => void response.writeHead(302, { location: inside.url.replace('127.0.0.1', '127.0.0.2') }).end());
    const own = url.replace('127.0.0.1', 'relay.invalid');
    const error = await errorOf(`${own}/film.mp4`, { client: clientAt(own), agent: new Agent({ lookup: toLoopback }) });
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringContaining('the private address 127.0.0.2;') as string });
    expect([requests.length, inside.requests.length]).toEqual([1, 0]);
  });

  it('reaches private addresses if the base URL of the account is one, or with allowPrivateHosts', async () => {
    const { url } = await serveFilm();
    for (const options of [{ client: clientAt('http://127.0.0.2:8080') }, { client: clientAt('http://localhost') }, { allowPrivateHosts: true }]) {
      const directory = folder();
      await lastValueFrom(download(video(`${url}/film.mp4`), { directory, ...options }));
      expect(readFileSync(join(directory, 'ark-cgt-1.mp4')).equals(film)).toBe(true);
      expect(readdirSync(directory)).toEqual(['ark-cgt-1.mp4']);
    }
  });
});

describe("a link on the account's own origin", () => {
  const withKey: RequestListener = ({ headers }, response) => {
    response.writeHead(headers.authorization === `Bearer ${key}` ? 200 : 401, { 'content-length': film.length }).end(film);
  };
  const keysIn = (requests: readonly IncomingMessage[]) => requests.map(({ headers }) => headers.authorization ?? null);

  it.each([401, 403])('gets the key after a %i, and not before', async (status) => {
    const { url, requests } = await serve(({ headers }, response) => void response.writeHead(headers.authorization === undefined ? status : 200, { 'content-length': film.length }).end(film));
    const directory = folder();
    await lastValueFrom(download(video(`${url}/v1/videos/t/content`), { directory, client: clientAt(`${url}/api`) }));
    expect(readFileSync(join(directory, 'ark-cgt-1.mp4'))).toEqual(film);
    expect(keysIn(requests)).toEqual([null, `Bearer ${key}`]);
    expect(requests[1]?.headers.accept).toBe('*/*');
  });

  it('gets the key in the header that the account sends it in', async () => {
    const { url, requests } = await serve(({ headers }, response) => void response.writeHead(headers['x-api-key'] === key ? 200 : 401, { 'content-length': film.length }).end(film));
    const client = clientAt(url);
    const accountOf = () => ({ ...client.accountOf(), credentials: () => ({ headers: { accept: 'application/json', 'x-api-key': key }, redact: (text: string) => text }) });
    await lastValueFrom(download(video(`${url}/film.mp4`), { directory: folder(), client: { watch: client.watch, accountOf } }));
    expect(keysIn(requests)).toEqual([null, null]);
    expect(requests[1]?.headers).toMatchObject({ 'x-api-key': key, accept: '*/*' });
  });

  it('gets no key if it needs none', async () => {
    const { url, requests } = await serveFilm();
    await lastValueFrom(download(video(`${url}/film.mp4`), { directory: folder(), client: clientAt(url) }));
    expect(keysIn(requests)).toEqual([null]);
  });

  it('keeps the key along a redirect on the same origin, and loses it on another, even if that leads back', async () => {
    const outside = await serve((_, response) => void response.writeHead(302, { location: `${url}/film.mp4` }).end());
    const { url, requests } = await serve((request, response) => {
      if (request.url === '/start' && request.headers.authorization !== undefined) response.writeHead(302, { location: '/next' }).end();
      else if (request.url === '/next') response.writeHead(302, { location: outside.url }).end();
      else withKey(request, response);
    });
    const error = await errorOf(`${url}/start`, { client: clientAt(url) });
    expect(error).toMatchObject({ kind: 'refused', message: expect.stringMatching(/responded with 401/) as string });
    expect(keysIn(requests)).toEqual([null, `Bearer ${key}`, `Bearer ${key}`, null]);
    expect(keysIn(outside.requests)).toEqual([null]);
  });

  it('gets no key if it is signed', async () => {
    const { url, requests } = await serve(withKey);
    const link = `${url}/film.mp4?X-Tos-Date=20250702T033502Z&X-Tos-Expires=86400&X-Tos-Signature=00`;
    expect(await errorOf(link, { client: clientAt(url) })).toMatchObject({ kind: 'refused' });
    expect(keysIn(requests)).toEqual([null]);
  });

  it('is not one on another host or port, nor one that a redirect of another host leads to', async () => {
    const { url, requests } = await serve(withKey);
    const outside = await serve((_, response) => void response.writeHead(302, { location: `${url}/film.mp4` }).end());
    for (const link of [`${outside.url}/film.mp4`, `${url.replace('127.0.0.1', 'localhost')}/film.mp4`]) {
      expect(await errorOf(link, { client: clientAt(url) })).toMatchObject({ kind: 'refused' });
    }
    expect(keysIn([...requests, ...outside.requests])).toEqual([null, null, null]);
  });

  it('shows no key in its errors', async () => {
    const { url } = await serve(({ headers }, response) => void response.writeHead(401, headers.authorization ?? '').end(headers.authorization));
    const error = await errorOf(`${url}/film.mp4`, { client: clientAt(url) });
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain(key);
  });

  it('is refused without a key behind a proxy that adds it', async () => {
    const { url, requests } = await serve(withKey);
    const client = { watch: () => EMPTY, accountOf: () => account(ark, { apiKey: null, baseUrl: url }) };
    expect(await errorOf(`${url}/film.mp4`, { client })).toMatchObject({ kind: 'refused' });
    expect(new Set(keysIn(requests))).toEqual(new Set([null]));
  });
});
