import { firstValueFrom } from 'rxjs';
import { expect, it } from 'vitest';
import { get, serve } from './loopback.js';

it("undiciTransport uses Node's own dispatcher, of any major version, if `fetch` was called before undici was imported", async () => {
  const server = await serve((request, response) => response.end(request.url));
  await fetch(`${server.url}/before`);
  const own: unknown = Reflect.get(globalThis, Symbol.for('undici.globalDispatcher.1'));
  const { Agent, getGlobalDispatcher } = await import('undici');
  const { undiciTransport } = await import('../../src/adapters/undici.js');
  expect(getGlobalDispatcher()).toBe(own);
  expect(own?.constructor).not.toBe(Agent);
  const transport = undiciTransport();
  expect((await firstValueFrom(transport(get(`${server.url}/after`)))).body).toBe('/after');

  const hanging = await serve();
  const arrived = hanging.nextRequest();
  const subscription = transport(get(hanging.url)).subscribe();
  const { closed } = await arrived;
  subscription.unsubscribe();
  await closed;
});
